import { serveMetrics } from '../../../lab/harness/exposed-metrics.ts';

/**
 * A service that counts ten requests more at every scrape, one of them with an exemplar of the given trace.
 *
 * @param isOpen whether its circuit breaker is open
 */
export async function scrapedService(traceId: string, isOpen = () => false) {
  let scrapes = 0;
  return await serveMetrics(() => {
    scrapes += 1;
    const exemplar = `# {trace_id="${traceId}"} 0.004 ${Date.now() / 1000}`;
    const of = 'method="POST",route="/orders",status_code="202"';
    return `# TYPE http_requests counter
# TYPE http_request_duration_seconds histogram
http_requests_total{${of}} ${scrapes * 10}
http_request_duration_seconds_bucket{le="0.005",${of}} ${scrapes * 10} ${exemplar}
http_request_duration_seconds_bucket{le="+Inf",${of}} ${scrapes * 10}
http_request_duration_seconds_count{${of}} ${scrapes * 10}
http_request_duration_seconds_sum{${of}} ${scrapes / 25}
circuit_breaker_state{breaker="payment",state="closed"} ${isOpen() ? 0 : 1}
circuit_breaker_state{breaker="payment",state="open"} ${isOpen() ? 1 : 0}
orders_pending 3
# EOF
`;
  });
}
