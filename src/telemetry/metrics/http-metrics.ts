import { conventionNamed } from './conventions.ts';
import type { Gauge } from './gauge.ts';
import type { Instruments } from './instruments.ts';

/** Requests and connections: those that the service handles, and those that it refuses. */
export interface HttpMetrics {
  /** Whether the scheme and the protocol version of requests are recorded. Any text will do if they are not. */
  readonly detailed: boolean;
  /** @param scheme the same as when the request ends */
  requestStarted(method: string, scheme?: string): void;
  /**
   * @param duration milliseconds
   * @param traceId of a sampled trace, which may become the exemplar of its bucket
   * @returns whether it did; the caller then marks the span of the request
   */
  requestEnded(
    request: { method: string; route: string; status: number; scheme?: string; version?: string },
    duration: number,
    traceId?: string,
  ): boolean;
  /** The open connections of a listener. */
  connections(listener: string): Gauge;
  /** The bytes of answers of a listener that clients have not read. */
  unread(listener: string): Gauge;
  connectionRefused(listener: string): void;
  unreadable(listener: string, status: number): void;
  authFailed(reason: (typeof authFailureReasons)[number]): void;
  shed(reason: (typeof shedReasons)[number]): void;
}

/** Seconds. Dense around the objective: 99 % of placements under 300 ms. */
const requestBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 1, 2.5, 5];

const authFailureReasons = ['missing', 'unknown', 'throttled'] as const;
const shedReasons = ['queue_full', 'queue_timeout', 'event_loop', 'client_gone', 'rate_limited'] as const;

export function createHttpMetrics(make: Instruments): HttpMetrics {
  const ofRequest = { labels: ['method', 'route', 'status_code'] } as const;
  const requests = make.counter({ ...ofRequest, name: 'http_requests_total', help: 'Requests answered.' });
  const requestDuration = make.histogram({
    ...ofRequest,
    name: 'http_request_duration_seconds',
    help: 'Time from the arrival of a request to its answer.',
    detail: ['scheme', 'protocol_version'],
    buckets: requestBuckets,
    advised: conventionNamed('http.server.request.duration').buckets,
  });
  const inFlight = make.gauge({
    name: 'http_requests_in_flight',
    help: 'Requests in flight.',
    detail: ['method', 'scheme'],
  });
  const allInFlight = make.detailed ? undefined : inFlight.child();
  const inFlightOf = (method: string, scheme: string) => allInFlight ?? inFlight.child(method, scheme);
  const connections = make.gauge({
    name: 'http_connections',
    help: 'Open connections.',
    labels: ['listener'],
  });
  const unread = make.gauge({
    name: 'http_unread_answer_bytes',
    help: 'Bytes of large answers that clients have not read.',
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

  // An alert compares with the value before the first event, so the series exist from the start.
  inFlightOf('GET', 'http');
  for (const reason of authFailureReasons) authFailures.child(reason);
  for (const reason of shedReasons) requestsShed.child(reason);
  for (const listener of ['public', 'admin']) {
    connectionsRefused.child(listener);
    for (const status of ['400', '408', '431']) unreadable.child(listener, status);
  }

  return {
    detailed: make.detailed,
    // A request that is refused before it is read comes from the peer, whatever a proxy says.
    requestStarted: (method, scheme = 'http') => inFlightOf(method, scheme).add(1),
    requestEnded({ method, route, status, scheme = 'http', version = '' }, duration, traceId) {
      inFlightOf(method, scheme).add(-1);
      const labels = [method, route, String(status)] as const;
      requests.child(...labels).increment();
      const child = make.detailed
        ? requestDuration.child(...labels, scheme, version)
        : requestDuration.child(...labels);
      return child.observe(duration / 1000, traceId);
    },
    connections: (listener) => connections.child(listener),
    unread: (listener) => unread.child(listener),
    connectionRefused: (listener) => connectionsRefused.child(listener).increment(),
    unreadable: (listener, status) => unreadable.child(listener, String(status)).increment(),
    authFailed: (reason) => authFailures.child(reason).increment(),
    shed: (reason) => requestsShed.child(reason).increment(),
  };
}
