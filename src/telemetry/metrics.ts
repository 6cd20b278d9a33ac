import { collectDefaultMetrics, type OpenMetricsContentType, Registry } from 'prom-client';
import { createInstruments } from './instruments.ts';
import { observeProcess } from './process-metrics.ts';

/** Everything that the service counts and measures. The names are those that dashboards and alerts read. */
export type Metrics = ReturnType<typeof createMetrics>;

/** Seconds. Dense around the objective: 99 % of placements under 300 ms. */
const requestBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 1, 2.5, 5];
const dependencyBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
/** Seconds. The objective is 5 minutes, the deadline a day. */
const settlementBuckets = [0.05, 0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 3600, 86_400];

const circuitStates = ['closed', 'open', 'half_open'] as const;
const second = 1000;

/** What is asked only when somebody looks. */
export interface Gauges {
  pool(): { total: number; idle: number; waiting: number };
  backlog(): { pending: number; oldest: Date | undefined };
  circuits(): Record<string, (typeof circuitStates)[number]>;
  /** In total, by reason. */
  droppedSpans(): Readonly<Record<string, number>>;
}

export function createMetrics() {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  collectDefaultMetrics({ register: registry });
  const dropped = { metrics: (_reason: string) => {} };
  const make = createInstruments(registry, { onDrop: ({ reason }) => dropped.metrics(reason) });
  observeProcess(make);

  let lostSpans: Gauges['droppedSpans'] = () => ({});
  const reported = new Map<string, number>();
  const telemetryDropped = make.counter({
    name: 'telemetry_dropped_total',
    help: 'Telemetry that was made and is missing: log lines, spans, values of metrics.',
    labels: ['signal', 'reason'],
    collect(counter) {
      for (const [reason, count] of Object.entries(lostSpans())) {
        counter.child('traces', reason).increment(count - (reported.get(reason) ?? 0));
        reported.set(reason, count);
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
  const dependencyDuration = make.histogram({
    name: 'dependency_request_duration_seconds',
    help: 'Time of one attempt at the payment gateway, or of one statement with its retries.',
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

  // What an alert asks for has to be there before it happens the first time.
  for (const level of ['info', 'warn', 'error']) logMessages.child(level);
  for (const reason of ['missing', 'unknown']) authFailures.child(reason);
  telemetryDropped.child('logs', 'overflow');
  for (const reason of ['queue_full', 'export_failed']) telemetryDropped.child('traces', reason);
  for (const outcome of ['success', 'failure', 'timeout', 'rejected']) breakerCalls.child('payment', outcome);

  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),

    requestStarted: () => inFlight.add(1),
    /** `duration` in milliseconds, as everywhere in here. An exemplar is kept where a trace id is given. */
    requestEnded(method: string, route: string, status: number, duration: number, traceId?: string): void {
      inFlight.add(-1);
      const labels = [method, route, String(status)] as const;
      requests.child(...labels).increment();
      requestDuration.child(...labels).observe(duration / second, traceId);
    },
    dependency(name: string, operation: string, outcome: string, duration: number, traceId?: string): void {
      dependencyDuration.child(name, operation, outcome).observe(duration / second, traceId);
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
    authFailed: (reason: 'missing' | 'unknown') => authFailures.child(reason).increment(),
    logged: (level: string) => logMessages.child(level).increment(),
    logsDropped: (reason: string, count: number) => telemetryDropped.child('logs', reason).increment(count),

    /** Names whom to ask at every scrape. */
    ask({ pool, backlog, circuits, droppedSpans }: Gauges): void {
      lostSpans = droppedSpans;
      make.gauge({
        name: 'pg_pool_connections',
        help: 'Connections of the pool, and callers that wait for one.',
        labels: ['state'],
        collect(gauge) {
          for (const [state, count] of Object.entries(pool())) gauge.child(state).set(count);
        },
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
          const { oldest } = backlog();
          gauge.child().set(oldest ? (Date.now() - oldest.getTime()) / second : 0);
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
