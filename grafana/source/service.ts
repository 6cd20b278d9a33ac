import { bad, byOutcome, byStatusCode, falling, notice, rising, warning } from './colours.ts';
import { createDashboard } from './dashboard.ts';
import { logsLink, tracesLink } from './links.ts';
import { logLines, stat, stateTimeline, timeSeries } from './panels.ts';
import { breakerState, ofService, orNone, placements, quantile, rate, sumBy } from './promql.ts';
import { breakerStates } from './states.ts';

const served = `${placements},status_code=~"2..|402"`;
const ofRoute = '${__field.labels.method} ${__field.labels.route}';

/** Seconds. The objective: 99 % of placements within it. */
const objective = 0.3;

export const serviceDashboard = createDashboard({
  uid: 'orders-service',
  title: 'Service',
  question: 'Are customers served? If not: since when, on which route, and what is behind it?',
  rows: [
    {
      title: 'Are customers served?',
      panels: [
        stat({
          title: 'Error budget left',
          description:
            'What is left of what each objective allows to go wrong within 30 days, or as far back as Prometheus remembers. 0 % means that the objective is missed. See docs/slo.md.',
          unit: 'percentunit',
          width: 9,
          decimals: 1,
          thresholds: falling([0, warning], [0.25, 'green']),
          queries: [{ expr: 'job_slo:error_budget:remaining_ratio30d', legend: '{{slo}}' }],
        }),
        stat({
          title: 'Burn rate, last hour',
          description:
            'At 1 the budget lasts exactly its 30 days. From 14.4 on, with the last 5 minutes as bad, somebody is paged.',
          unit: 'suffix:×',
          width: 9,
          decimals: 1,
          thresholds: rising([1, notice], [6, warning], [14.4, bad]),
          queries: [{ expr: 'job_slo:error_budget:burn_rate1h', legend: '{{slo}}' }],
        }),
        stat({
          title: 'Placing an order, p99',
          description:
            'Of 100 placements 99 took no longer. The objective is 300 ms. Empty while nobody orders.',
          unit: 's',
          width: 3,
          thresholds: rising([objective, warning], [1, bad]),
          links: [tracesLink('Slow traces', { operation: 'POST /orders', minDuration: '300ms' })],
          queries: [{ expr: quantile(0.99, 'http_request_duration_seconds', served), legend: 'p99' }],
        }),
        stat({
          title: 'Payment breaker',
          description:
            'Open: the gateway failed too often and is not asked; orders are left pending. Half-open: one probe is let through. Dependencies shows the rest.',
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
            'Requests a second. A drop to nothing is as bad as errors are: look at the clients, then at the listener.',
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
            'Answers of 4xx and 5xx a second. 5xx are ours. 429 is ours where admission control gave it (Saturation tells). 402 is a declined card, which is business as usual. The rest are mistakes of clients.',
          unit: 'reqps',
          width: 12,
          stacked: true,
          colours: byStatusCode,
          links: [
            tracesLink('Traces with this status', {
              tags: 'http.response.status_code=${__field.labels.status_code}',
            }),
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
            'From arrival to answer, payment included. The dashed line is the objective for p99. Each dot is one request: a click leads to its trace.',
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
          description: 'Which route is slow. A route without requests has no line.',
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
            'How fast each error budget is used up. The dashed lines are those of the alerts: 1, 6 and 14.4.',
          unit: 'suffix:×',
          width: 12,
          thresholds: rising([1, notice], [6, warning], [14.4, bad]),
          queries: [{ expr: 'job_slo:error_budget:burn_rate1h', legend: '{{slo}}' }],
        }),
        timeSeries({
          title: 'Bad events, last 5 minutes',
          description:
            'The share that each objective counts as bad: failed or refused by us, slower than 300 ms, settled later than 5 minutes.',
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
          description:
            'The state over time, over all replicas the worst. Redis is here where it is configured.',
          unit: 'short',
          width: 8,
          mappings: breakerStates,
          queries: [{ expr: breakerState(), legend: '{{breaker}}' }],
        }),
        timeSeries({
          title: 'Retries',
          description:
            'Retried: one more attempt was made. Recovered: it ended well. Exhausted: no budget or time was left. Many retries that recover hide a sick dependency.',
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
            'Orders that wait for their payment to be decided, and the age of the oldest. They are settled within 5 minutes by the objective; at 10000 new orders are refused.',
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
            'A warning is unusual and handled, an error is for a person. Open a line and follow its trace_id. Rightly empty in calm.',
          width: 24,
          logql: '{service_name="orders"} | severity_text=~"warn|error|fatal"',
        }),
      ],
    },
  ],
});
