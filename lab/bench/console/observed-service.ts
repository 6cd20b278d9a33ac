import { randomBytes } from 'node:crypto';
import type { Targets } from '../../console/targets.ts';
import { serveMetrics } from '../../harness/exposed-metrics.ts';

/** Seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Answers by status, each with its share of the requests and its usual latency in seconds. */
const answers = [
  { status: '201', share: 0.96, latency: 0.006 },
  { status: '402', share: 0.025, latency: 0.007 },
  { status: '429', share: 0.01, latency: 0.0006 },
  { status: '503', share: 0.005, latency: 0.09 },
];

/** Metrics of a service with this many orders a second, which costs nothing to run. */
export async function startObservedService(rate: number): Promise<AsyncDisposable & { targets: Targets }> {
  const start = Date.now();
  return await serveMetrics(() => exposition(((Date.now() - start) / 1000) * rate));
}

/** The metrics that the overview plots, once so many orders were placed. */
function exposition(orders: number): string {
  const now = Date.now() / 1000;
  const exemplar = (value: number) =>
    `# {trace_id="${randomBytes(16).toString('hex')}"} ${value.toFixed(5)} ${now}`;
  const http: string[] = [];
  for (const { status, share, latency } of answers) {
    const labels = `method="POST",route="/orders",status_code="${status}"`;
    const count = Math.round(orders * share);
    http.push(`http_requests_total{${labels}} ${count}`);
    for (const bound of buckets) {
      const below = Math.round(count * (1 - Math.exp(-((bound / latency) ** 2))));
      http.push(
        `http_request_duration_seconds_bucket{le="${bound}",${labels}} ${below} ${exemplar(0.9 * bound)}`,
      );
    }
    http.push(`http_request_duration_seconds_bucket{le="+Inf",${labels}} ${count}`);
  }
  // No line of a plot is level: each second draws something new.
  const wave = Math.sin(now / 3);
  const statuses = { paid: 0.93, declined: 0.025, refused: 0.005, cancelled: 0.01 };
  return [
    ...http,
    `http_requests_in_flight ${Math.round(12 + 6 * wave)}`,
    `admission_limit ${Math.round(40 + 10 * wave)}`,
    `admission_queue_depth ${Math.round(3 + 3 * wave)}`,
    `retries_total{result="retried"} ${Math.round(orders / 50)}`,
    `circuit_breaker_calls_total{outcome="rejected"} ${Math.round(orders / 400)}`,
    ...['payment', 'settlement'].map(
      (breaker) => `circuit_breaker_state{breaker="${breaker}",state="closed"} 1`,
    ),
    `orders_pending ${Math.round(40 + 30 * wave)}`,
    `orders_pending_oldest_seconds ${(4 + 3 * wave).toFixed(1)}`,
    ...Object.entries(statuses).map(
      ([status, share]) => `orders_total{status="${status}"} ${Math.round(orders * share)}`,
    ),
    `order_value_minor_total{status="paid",currency="EUR"} ${Math.round(orders * 2450)}`,
    `process_cpu_seconds_total ${(orders / 1500).toFixed(2)}`,
    `process_resident_memory_bytes ${Math.round(180e6 + 5e6 * wave)}`,
    '',
  ].join('\n');
}
