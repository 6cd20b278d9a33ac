import { bad, byStatusCode, notice, rising, warning } from './colours.ts';
import { createDashboard } from './dashboard.ts';
import { logsLink, tracesLink } from './links.ts';
import { logLines, logTable, stat, timeSeries } from './panels.ts';
import { ofService, orNone, orZero, rate, sumBy } from './promql.ts';

const wrongKeys = 'reason=~"unknown|throttled"';
const requests = '{service_name="orders"} | event="http.request"';
const aMinute = (expression: string) => `${expression} * 60`;

export const detectionDashboard = createDashboard({
  uid: 'orders-detection',
  title: 'Detection',
  question: 'Is there an attack, or a broken client?',
  rows: [
    {
      title: 'Is something odd?',
      panels: [
        stat({
          title: 'Wrong API keys a minute',
          description:
            'Requests with an unknown key, over the last 5 minutes, including throttled ones. 60 a minute for 5 minutes open a ticket.',
          unit: 'short',
          width: 5,
          decimals: 1,
          thresholds: rising([10, notice], [60, bad]),
          queries: [
            {
              expr: aMinute(`sum(rate(${ofService('auth_failures_total', wrongKeys)}[5m]))`),
              legend: 'wrong keys',
            },
          ],
        }),
        stat({
          title: 'Over their rate limit, a minute',
          description:
            'Requests refused because a client, or an address without a key, exceeds its rate limit.',
          unit: 'short',
          width: 5,
          decimals: 1,
          thresholds: rising([1, notice], [600, warning]),
          queries: [
            {
              expr: aMinute(`sum(rate(${ofService('requests_shed_total', 'reason="rate_limited"')}[5m]))`),
              legend: 'rate limited',
            },
          ],
        }),
        stat({
          title: 'Unreadable, a minute',
          description:
            'Requests that are not valid HTTP, too large or too slow. A port scanner causes a few; many are an attack or a broken proxy.',
          unit: 'short',
          width: 5,
          decimals: 1,
          thresholds: rising([10, notice], [600, warning]),
          queries: [
            {
              expr: aMinute(`sum(rate(${ofService('http_requests_unreadable_total')}[5m]))`),
              legend: 'unreadable',
            },
          ],
        }),
        stat({
          title: 'Connections refused',
          description:
            'In the last 5 minutes, because HTTP_MAX_CONNECTIONS were open. The cause is load, or a client that keeps connections open.',
          unit: 'short',
          width: 4,
          decimals: 0,
          thresholds: rising([1, warning]),
          queries: [
            {
              expr: `sum(increase(${ofService('http_connections_refused_total')}[5m]))`,
              legend: 'connections',
            },
          ],
        }),
        stat({
          title: 'Mistakes of clients',
          description:
            'Share of the requests answered with 4xx, over the last 5 minutes, without 402 (a declined card) and 429. A jump without a deployment of the service suggests a deployment of a client.',
          unit: 'percentunit',
          width: 5,
          decimals: 1,
          thresholds: rising([0.1, notice], [0.5, warning]),
          queries: [
            {
              expr: `(${orZero(`sum(rate(${ofService('http_requests_total', 'status_code=~"4..",status_code!~"402|429"')}[5m]))`)}) / clamp_min(sum(rate(${ofService('http_requests_total')}[5m])), 1e-9)`,
              legend: 'mistakes',
            },
          ],
        }),
      ],
    },
    {
      title: 'Who gets in',
      panels: [
        timeSeries({
          title: 'Refused API keys',
          description:
            'missing: no key. unknown: no such key. throttled: rejected because the address sent too many wrong keys. A valid key still passes.',
          unit: 'reqps',
          width: 8,
          stacked: true,
          colours: { missing: 'text', unknown: notice, throttled: bad },
          links: [
            logsLink('Attempts to guess', '{service_name="orders"} | event="auth.brute_force"'),
            tracesLink('Traces with 401', { tags: 'http.response.status_code=401' }),
          ],
          queries: [{ expr: sumBy('reason', rate('auth_failures_total')), legend: '{{reason}}' }],
        }),
        timeSeries({
          title: 'Refused before they were read',
          description:
            'By listener and status. 400: not valid HTTP. 408: too slow. 431: too many headers. Connections: closed at once, because too many were open.',
          unit: 'reqps',
          width: 8,
          stacked: true,
          colours: { '408$': warning, connections$: bad },
          links: [
            logsLink(
              'Log lines',
              '{service_name="orders"} | event=~"http.unreadable|http.connection_refused"',
            ),
          ],
          queries: [
            {
              expr: sumBy('listener, status_code', rate('http_requests_unreadable_total')),
              legend: '{{listener}} {{status_code}}',
            },
            {
              expr: sumBy('listener', rate('http_connections_refused_total')),
              legend: '{{listener}} connections',
            },
          ],
        }),
        timeSeries({
          title: 'Refused as too many',
          description:
            'rate_limited: a client over its own limit. The other reasons are overload; see Saturation. Flat at 0 in normal operation.',
          unit: 'reqps',
          width: 8,
          stacked: true,
          colours: {
            rate_limited: notice,
            '(queue_full|queue_timeout|event_loop)': bad,
            client_gone: 'text',
          },
          links: [logsLink('Requests refused with 429', `${requests} | status="429"`)],
          queries: [{ expr: sumBy('reason', rate('requests_shed_total')), legend: '{{reason}}' }],
        }),
      ],
    },
    {
      title: 'What they send',
      panels: [
        timeSeries({
          title: 'Mistakes by status',
          description:
            '400: invalid. 409 and 422: an idempotency key that is in use, or was used for another request. 413 and 415: a body that is too large or has the wrong type.',
          unit: 'reqps',
          width: 8,
          stacked: true,
          colours: byStatusCode,
          links: [
            logsLink('Log lines with this status', `${requests} | status="\${__field.labels.status_code}"`),
          ],
          queries: [
            {
              expr: orNone(
                sumBy('status_code', rate('http_requests_total', 'status_code=~"4..",status_code!="402"')),
                'status_code',
              ),
              legend: '{{status_code}}',
            },
          ],
        }),
        timeSeries({
          title: 'Mistakes by route',
          description:
            'Requests to no route are “unknown”, such as a scanner that asks for /admin and /.env. All other routes are used by real clients.',
          unit: 'reqps',
          width: 8,
          stacked: true,
          links: [
            logsLink(
              'Log lines of this route',
              `${requests} | route="\${__field.labels.route}" | status=~"4.."`,
            ),
          ],
          queries: [
            {
              expr: orNone(
                sumBy('method, route', rate('http_requests_total', 'status_code=~"4..",status_code!="402"')),
                'route',
              ),
              legend: '{{method}} {{route}}',
            },
          ],
        }),
        timeSeries({
          title: 'Declined cards',
          description:
            'Declined orders as a share of settled ones, over the last 5 minutes at each point. Tests of stolen cards show here first.',
          unit: 'percentunit',
          width: 8,
          max: 1,
          links: [logsLink('Declined orders', `${requests} | order_status="declined"`)],
          queries: [
            {
              expr: `(${orZero(`sum(increase(${ofService('orders_total', 'status="declined"')}[5m]))`)}) / clamp_min(sum(increase(${ofService('orders_total')}[5m])), 1e-9)`,
              legend: 'declined',
            },
          ],
        }),
      ],
    },
    {
      title: 'Who sends it',
      panels: [
        logTable({
          title: 'Clients with mistakes',
          description:
            'Requests of each client that were answered with 4xx in the time range, by status. From the log: clients are no label of a metric. Rightly empty in calm.',
          unit: 'short',
          width: 12,
          logql: `topk(20, sum by (client_id, status) (count_over_time(${requests} | client_id != "" | status=~"4.." | status!="402" [$__range])))`,
        }),
        logTable({
          title: 'Clients with declined cards',
          description:
            'Declined orders of each client in the time range, without repeats under an idempotency key. Rightly empty in calm.',
          unit: 'short',
          width: 12,
          logql: `topk(20, sum by (client_id) (count_over_time(${requests} | order_status="declined" | idempotency="placed" [$__range])))`,
        }),
        logLines({
          title: 'What the service noticed',
          description:
            'Attempts to guess keys, unreadable requests, refused connections, and profiles taken over the admin listener. Rightly empty in calm.',
          width: 24,
          logql:
            '{service_name="orders"} | event=~"auth\\\\..+|http.unreadable|http.connection_refused|profile\\\\..+"',
        }),
      ],
    },
  ],
});
