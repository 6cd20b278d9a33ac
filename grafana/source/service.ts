import { bad, byOutcome, byStatusCode, falling, notice, rising, warning } from './colours.ts';
import { createDashboard } from './dashboard.ts';
import { goneClientsLink, logsLink, tracesLink } from './links.ts';
import { logLines, stat, stateTimeline, timeSeries } from './panels.ts';
import { breakerState, ofService, orNone, placements, quantile, rate, sumBy } from './promql.ts';
import { breakerStates } from './states.ts';

const served = `${placements},status_code=~"2..|402"`;
const ofRoute = '${__field.labels.method} ${__field.labels.route}';

/** The latency objective in seconds, for 99 % of the placements. */
const objective = 0.3;

export const serviceDashboard = createDashboard({
  uid: 'orders-service',
  title: 'Service',
  question: 'Are customers served? If not: since when, on which route, and why?',
  rows: [
    {
      title: 'Are customers served?',
      panels: [
        stat({
          title: 'Error budget left',
          description:
            'Remaining error budget of each objective over 30 days, or as far back as Prometheus keeps samples. 0 % means that the objective is missed. See docs/slo.md.',
          unit: 'percentunit',
          width: 9,
          decimals: 1,
          thresholds: falling([0, warning], [0.25, 'green']),
          queries: [{ expr: 'job_slo:error_budget:remaining_ratio30d', legend: '{{slo}}' }],
        }),
        stat({
          title: 'Burn rate, last hour',
          description:
            'At 1 the budget lasts exactly its 30 days. Above 14.4, if the last 5 minutes are as bad, an alert pages.',
          unit: 'suffix:×',
          width: 9,
          decimals: 1,
          thresholds: rising([1, notice], [6, warning], [14.4, bad]),
          queries: [{ expr: 'job_slo:error_budget:burn_rate1h', legend: '{{slo}}' }],
        }),
        stat({
          title: 'Placing an order, p99',
          description:
            '99 % of the placements took no longer. The objective is 300 ms. Empty without orders.',
          unit: 's',
          width: 3,
          thresholds: rising([objective, warning], [1, bad]),
          links: [tracesLink('Slow traces', { operation: 'POST /orders', minDuration: '300ms' })],
          queries: [{ expr: quantile(0.99, 'http_request_duration_seconds', served), legend: 'p99' }],
        }),
        stat({
          title: 'Payment breaker',
          description:
            'Open: the gateway failed too often and is not called; orders are left pending. Half-open: one probe may pass. See Dependencies for details.',
          unit: 'short',
          width: 3,
          thresholds: rising([1, notice], [2, bad]),
          mappings: breakerStates,
          queries: [{ expr: breakerState('breaker="payment"'), legend: 'payment' }],
        }),
      ],
    },
    {
      title: 'Requests',
      panels: [
        timeSeries({
          title: 'Rate by route',
          description:
            'Requests a second. A drop to zero is as bad as errors: check the clients, then the listener.',
          unit: 'reqps',
          width: 12,
          links: [tracesLink('Traces of this route', { operation: ofRoute })],
          queries: [
            { expr: sumBy('method, route', rate('http_requests_total')), legend: '{{method}} {{route}}' },
          ],
        }),
        timeSeries({
          title: 'Errors by status',
          description:
            'Answers of 4xx and 5xx a second. 5xx are failures of the service. 429 is either overload (see Saturation) or a rate limit. 402 is a declined card, which is normal. The others are client errors.',
          unit: 'reqps',
          width: 12,
          stacked: true,
          colours: byStatusCode,
          links: [
            tracesLink('Traces with this status', {
              tags: 'http.response.status_code=${__field.labels.status_code}',
            }),
            goneClientsLink(),
            logsLink(
              'Log lines with this status',
              '{service_name="orders"} | event="http.request" | status="${__field.labels.status_code}"',
            ),
          ],
          queries: [
            {
              expr: orNone(
                sumBy('status_code', rate('http_requests_total', 'status_code=~"[45].."')),
                'status_code',
              ),
              legend: '{{status_code}}',
            },
          ],
        }),
        timeSeries({
          title: 'Time to place an order',
          description:
            'From arrival to answer, including payment. The dashed line is the objective for p99. Each dot is one request; click it for its trace.',
          unit: 's',
          width: 12,
          thresholds: rising([objective, warning]),
          links: [tracesLink('Slow traces', { operation: 'POST /orders', minDuration: '300ms' })],
          queries: [
            { expr: quantile(0.5, 'http_request_duration_seconds', served), legend: 'p50' },
            { expr: quantile(0.95, 'http_request_duration_seconds', served), legend: 'p95' },
            { expr: quantile(0.99, 'http_request_duration_seconds', served), legend: 'p99', exemplars: true },
          ],
        }),
        timeSeries({
          title: 'p99 by route',
          description: 'Latency by route. A route without requests has no line.',
          unit: 's',
          width: 12,
          links: [
            tracesLink('Traces of this route', { operation: ofRoute }),
            logsLink(
              'Log lines of this route',
              '{service_name="orders"} | event="http.request" | route="${__field.labels.route}"',
            ),
          ],
          queries: [
            {
              expr: quantile(0.99, 'http_request_duration_seconds', '', 'method, route'),
              legend: '{{method}} {{route}}',
              exemplars: true,
            },
          ],
        }),
      ],
    },
    {
      title: 'Objectives over time',
      panels: [
        timeSeries({
          title: 'Burn rate, last hour',
          description:
            'How fast each error budget is used. The dashed lines are the thresholds of the alerts: 1, 6 and 14.4.',
          unit: 'suffix:×',
          width: 12,
          thresholds: rising([1, notice], [6, warning], [14.4, bad]),
          queries: [{ expr: 'job_slo:error_budget:burn_rate1h', legend: '{{slo}}' }],
        }),
        timeSeries({
          title: 'Bad events, last 5 minutes',
          description:
            'Share of bad events per objective: failed or shed by the service, slower than 300 ms, settled after more than 5 minutes.',
          unit: 'percentunit',
          width: 12,
          queries: [
            {
              expr: 'job_slo:bad_events:rate5m / clamp_min(job_slo:events:rate5m, 1e-9)',
              legend: '{{slo}}',
            },
          ],
        }),
      ],
    },
    {
      title: 'Behind it',
      panels: [
        stateTimeline({
          title: 'Circuit breakers',
          description: 'The worst state of all replicas over time. Redis appears if it is configured.',
          unit: 'short',
          width: 8,
          mappings: breakerStates,
          queries: [{ expr: breakerState(), legend: '{{breaker}}' }],
        }),
        timeSeries({
          title: 'Retries',
          description:
            'Retried: another attempt was made. Recovered: the call succeeded in the end. Exhausted: no attempt, budget or time remained. Many recovered retries hide a failing dependency.',
          unit: 'ops',
          width: 8,
          colours: byOutcome,
          queries: [
            {
              expr: orNone(sumBy('dependency, result', rate('retries_total')), 'result'),
              legend: '{{dependency}} {{result}}',
            },
          ],
        }),
        timeSeries({
          title: 'Pending orders',
          description:
            'Orders whose payment is undecided, and the age of the oldest. The objective is settlement within 5 minutes; at 10000 new orders are refused.',
          unit: 'short',
          width: 8,
          rightAxis: { series: 'oldest', unit: 's' },
          links: [
            logsLink('Why they were left pending', '{service_name="orders"} | event="order.left_pending"'),
          ],
          queries: [
            { expr: `max(${ofService('orders_pending')})`, legend: 'pending' },
            { expr: `max(${ofService('orders_pending_oldest_seconds')})`, legend: 'oldest' },
          ],
        }),
        logLines({
          title: 'Warnings and errors',
          description:
            'A warning is unusual but handled; an error needs a person. Open a line and follow its trace_id. Empty in normal operation.',
          width: 24,
          logql: '{service_name="orders"} | severity_text=~"warn|error|fatal"',
        }),
      ],
    },
  ],
});
