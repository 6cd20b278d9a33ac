import { collectDefaultMetrics, type OpenMetricsContentType, Registry } from 'prom-client';
import { createInstruments } from './instruments.ts';
import { observeProcess } from './process-metrics.ts';
import { markExemplar } from '../tracing/tracing.ts';

/** Everything that the service counts and measures. The names are those that dashboards and alerts read. */
export type Metrics = ReturnType<typeof createMetrics>;

/** Seconds. Dense around the objective: 99 % of placements under 300 ms. */
const requestBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 1, 2.5, 5];
const dependencyBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
/** Seconds. The objective is 5 minutes, the deadline a day. */
const settlementBuckets = [0.05, 0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 3600, 86_400];

const authFailureReasons = ['missing', 'unknown', 'throttled'] as const;
const shedReasons = ['queue_full', 'queue_timeout', 'event_loop', 'client_gone', 'rate_limited'] as const;
const circuitStates = ['closed', 'open', 'half_open'] as const;
const second = 1000;

export type DroppedTelemetry = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What is asked only when somebody looks. */
export interface Gauges {
  pool(): { total: number; idle: number; waiting: number };
  backlog(): { pending: number; age: number | undefined };
  circuits(): Record<string, (typeof circuitStates)[number]>;
  admission(): { inFlight: number; queued: number; limit: number };
  /** In total, by signal and reason. */
  droppedTelemetry(): DroppedTelemetry;
}

export function createMetrics({ exemplarInterval = 0 }: { exemplarInterval?: number } = {}) {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  collectDefaultMetrics({ register: registry });
  const dropped = { metrics: (_reason: string) => {} };
  const make = createInstruments(registry, {
    exemplarInterval,
    onDrop: ({ reason }) => dropped.metrics(reason),
  });
  observeProcess(make);

  let lost: Gauges['droppedTelemetry'] = () => ({});
  const reported = new Map<string, number>();
  const telemetryDropped = make.counter({
    name: 'telemetry_dropped_total',
    help: 'Telemetry that was made and is missing: log lines, spans, values of metrics.',
    labels: ['signal', 'reason'],
    collect(counter) {
      for (const [signal, reasons] of Object.entries(lost())) {
        for (const [reason, count] of Object.entries(reasons)) {
          const series = `${signal} ${reason}`;
          counter.child(signal, reason).increment(count - (reported.get(series) ?? 0));
          reported.set(series, count);
        }
      }
    },
  });
  dropped.metrics = (reason) => telemetryDropped.child('metrics', reason).increment();

  const http = { labels: ['method', 'route', 'status_code'] } as const;
  const requests = make.counter({ ...http, name: 'http_requests_total', help: 'Requests answered.' });
  const requestDuration = make.histogram({
    ...http,
    name: 'http_request_duration_seconds',
    help: 'Time from the arrival of a request to its answer.',
    buckets: requestBuckets,
  });
  const inFlight = make
    .gauge({ name: 'http_requests_in_flight', help: 'Requests that are being worked on.' })
    .child();
  const connections = make.gauge({
    name: 'http_connections',
    help: 'Open connections.',
    labels: ['listener'],
  });
  const unreadable = make.counter({
    name: 'http_requests_unreadable_total',
    help: 'Requests refused before they could be routed.',
    labels: ['listener', 'status_code'],
  });
  const connectionsRefused = make.counter({
    name: 'http_connections_refused_total',
    help: 'Connections closed at once because there were too many.',
    labels: ['listener'],
  });
  const dependencyDuration = make.histogram({
    name: 'dependency_request_duration_seconds',
    help: 'Time of one attempt at the payment gateway, of one statement with its retries, or of one Redis command.',
    labels: ['dependency', 'operation', 'outcome'],
    buckets: dependencyBuckets,
  });
  const breakerCalls = make.counter({
    name: 'circuit_breaker_calls_total',
    help: 'Calls through a circuit breaker, and those that it turned away.',
    labels: ['breaker', 'outcome'],
  });
  const breakerTransitions = make.counter({
    name: 'circuit_breaker_transitions_total',
    help: 'Changes of the state of a circuit breaker.',
    labels: ['breaker', 'from', 'to'],
  });
  const retries = make.counter({
    name: 'retries_total',
    help: 'Retries: made, successful in the end, or out of budget or time.',
    labels: ['dependency', 'operation', 'result'],
  });
  const orders = make.counter({
    name: 'orders_total',
    help: 'Orders settled.',
    labels: ['status', 'currency'],
  });
  const orderValue = make.counter({
    name: 'order_value_minor_total',
    help: 'Value of the orders settled, in minor units of their currency.',
    labels: ['status', 'currency'],
  });
  const settlementDuration = make.histogram({
    name: 'order_settlement_duration_seconds',
    help: 'Time from placing an order to settling it.',
    labels: ['outcome'],
    buckets: settlementBuckets,
  });
  const logMessages = make.counter({
    name: 'log_messages_total',
    help: 'Log lines written. An error line means that a person must look.',
    labels: ['level'],
  });
  const authFailures = make.counter({
    name: 'auth_failures_total',
    help: 'Requests refused for their API key.',
    labels: ['reason'],
  });
  const requestsShed = make.counter({
    name: 'requests_shed_total',
    help: 'Requests refused to protect the service, or one client from the others.',
    labels: ['reason'],
  });
  const cacheRequests = make.counter({
    name: 'cache_requests_total',
    help: 'Looks into a cache: found, not there, or the cache gave no answer.',
    labels: ['cache', 'result'],
  });

  // What an alert asks for has to be there before it happens the first time.
  for (const level of ['info', 'warn', 'error']) logMessages.child(level);
  for (const reason of authFailureReasons) authFailures.child(reason);
  for (const reason of shedReasons) requestsShed.child(reason);
  for (const result of ['hit', 'miss', 'error']) cacheRequests.child('orders', result);
  for (const listener of ['public', 'admin']) {
    connectionsRefused.child(listener);
    for (const status of ['400', '408', '431']) unreadable.child(listener, status);
  }
  for (const reason of ['overflow', 'failed']) telemetryDropped.child('logs', reason);
  for (const signal of ['traces', 'logs'])
    for (const reason of ['queue_full', 'export_failed']) telemetryDropped.child(signal, reason);
  for (const outcome of ['success', 'failure', 'timeout', 'rejected']) breakerCalls.child('payment', outcome);

  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),

    requestStarted: () => inFlight.add(1),
    /**
     * `duration` in milliseconds, as everywhere in here. An exemplar may be kept where a trace id is given.
     *
     * @returns whether it was: the span of the request is then to be marked
     */
    requestEnded(method: string, route: string, status: number, duration: number, traceId?: string): boolean {
      inFlight.add(-1);
      const labels = [method, route, String(status)] as const;
      requests.child(...labels).increment();
      return requestDuration.child(...labels).observe(duration / second, traceId);
    },
    /** To be told of while a span of the trace is active, which is marked where it gives an exemplar. */
    dependency(name: string, operation: string, outcome: string, duration: number, traceId?: string): void {
      const child = dependencyDuration.child(name, operation, outcome);
      if (child.observe(duration / second, traceId)) markExemplar();
    },
    retries(dependency: string, operation: string, result: 'retried' | 'recovered' | 'exhausted'): void {
      retries.child(dependency, operation, result).increment();
    },
    breakerCall: (breaker: string, outcome: string) => breakerCalls.child(breaker, outcome).increment(),
    breakerChanged: (breaker: string, from: string, to: string) =>
      breakerTransitions.child(breaker, from, to).increment(),
    orderSettled(status: string, currency: string, totalMinor: number, duration: number): void {
      orders.child(status, currency).increment();
      orderValue.child(status, currency).increment(totalMinor);
      settlementDuration.child(status).observe(duration / second);
    },
    connections: (listener: string) => connections.child(listener),
    unreadable: (listener: string, status: number) => unreadable.child(listener, String(status)).increment(),
    connectionRefused: (listener: string) => connectionsRefused.child(listener).increment(),
    authFailed: (reason: (typeof authFailureReasons)[number]) => authFailures.child(reason).increment(),
    shed: (reason: (typeof shedReasons)[number]) => requestsShed.child(reason).increment(),
    cacheRequested: (cache: string, result: 'hit' | 'miss' | 'error') =>
      cacheRequests.child(cache, result).increment(),
    logged: (level: string) => logMessages.child(level).increment(),
    logsDropped: (reason: string, count: number) => telemetryDropped.child('logs', reason).increment(count),

    /** Names whom to ask at every scrape. */
    ask({ pool, backlog, circuits, admission, droppedTelemetry }: Gauges): void {
      lost = droppedTelemetry;
      make.gauge({
        name: 'pg_pool_connections',
        help: 'Connections of the pool, and callers that wait for one.',
        labels: ['state'],
        collect(gauge) {
          for (const [state, count] of Object.entries(pool())) gauge.child(state).set(count);
        },
      });
      make.gauge({
        name: 'admission_in_flight',
        help: 'Requests that admission control let through and that are being worked on.',
        collect: (gauge) => gauge.child().set(admission().inFlight),
      });
      make.gauge({
        name: 'admission_queue_depth',
        help: 'Requests that wait to be let through.',
        collect: (gauge) => gauge.child().set(admission().queued),
      });
      make.gauge({
        name: 'admission_limit',
        help: 'How many may be worked on at the same time, as of now; 0 where admission control is off.',
        collect: (gauge) => gauge.child().set(admission().limit),
      });
      make.gauge({
        name: 'orders_pending',
        help: 'Orders that their request left pending, as of the last count.',
        collect: (gauge) => gauge.child().set(backlog().pending),
      });
      make.gauge({
        name: 'orders_pending_oldest_seconds',
        help: 'Age of the oldest of them.',
        collect(gauge) {
          gauge.child().set((backlog().age ?? 0) / second);
        },
      });
      make.gauge({
        name: 'circuit_breaker_state',
        help: '1 for the state that the breaker is in, 0 for the others.',
        labels: ['breaker', 'state'],
        collect(gauge) {
          for (const [breaker, current] of Object.entries(circuits())) {
            for (const state of circuitStates) gauge.child(breaker, state).set(state === current ? 1 : 0);
          }
        },
      });
    },
  };
}
