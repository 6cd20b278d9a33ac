import { byStatus, falling, notice, warning } from './colours.ts';
import { createDashboard } from './dashboard.ts';
import { goneClientsLink, logsLink, tracesLink } from './links.ts';
import { heatmap, logTable, stat, timeSeries } from './panels.ts';
import { creations, increase, ofService, orNone, orZero, rate, sumBy } from './promql.ts';

/** Without bookings there is no share, and 0 % would look like an outage. */
const confirmedShare = (window: string) =>
  `(${orZero(`sum(${increase('bookings_total', window, 'status="confirmed"')})`)}) / (sum(${increase('bookings_total', window)}) > 0)`;

/** The figures of the domain. A metric of yours gets its panel here. */
export const bookingsDashboard = createDashboard({
  uid: 'frontdesk-bookings',
  title: 'Figures',
  question: 'How many bookings are confirmed or rejected, and how long does it take?',
  rows: [
    {
      title: 'How many?',
      panels: [
        stat({
          title: 'Settled a minute',
          description: 'Confirmed and rejected together, over the last 5 minutes.',
          unit: 'short',
          width: 8,
          decimals: 1,
          queries: [{ expr: `sum(rate(${ofService('bookings_total')}[5m])) * 60`, legend: 'bookings' }],
        }),
        stat({
          title: 'Confirmed',
          description: 'Share of the bookings settled in the time range that were confirmed, not rejected.',
          unit: 'percentunit',
          width: 8,
          decimals: 1,
          thresholds: falling([0.5, warning], [0.8, 'green']),
          queries: [{ expr: confirmedShare('$__range'), legend: 'confirmed' }],
        }),
        stat({
          title: 'Calls to the dependency',
          description: 'Calls that have begun and not ended, of all replicas.',
          unit: 'short',
          width: 8,
          queries: [{ expr: `sum(${ofService('upstream_calls_in_flight')})`, legend: 'calls' }],
        }),
      ],
    },
    {
      title: 'Over time',
      panels: [
        timeSeries({
          title: 'By outcome',
          description: 'Bookings settled a minute. Rejected: the dependency does not want them.',
          unit: 'short',
          width: 12,
          stacked: true,
          colours: byStatus,
          links: [
            logsLink(
              'Requests with this outcome',
              '{service_name="frontdesk"} | event="http.request" | booking_status="${__field.labels.status}"',
            ),
          ],
          queries: [
            {
              expr: orNone(`${sumBy('status', rate('bookings_total'))} * 60`, 'status'),
              legend: '{{status}}',
            },
          ],
        }),
        timeSeries({
          title: 'What clients hear',
          description:
            'Answers to POST /bookings a minute. 201: confirmed. 202: pending, because the dependency left it undecided. 422: rejected.',
          unit: 'short',
          width: 12,
          stacked: true,
          colours: { '^201': 'green', '^202': notice, '^422': warning, '^5': 'red' },
          links: [
            tracesLink('Traces with this answer', {
              operation: 'POST /bookings',
              tags: 'http.response.status_code=${__field.labels.status_code}',
            }),
            goneClientsLink({ operation: 'POST /bookings' }),
          ],
          queries: [
            {
              expr: orNone(
                `${sumBy('status_code', rate('http_requests_total', creations))} * 60`,
                'status_code',
              ),
              legend: '{{status_code}}',
            },
          ],
        }),
        logTable({
          title: 'By client',
          description:
            'Requests answered with 201 or 202 in the time range. From the log, because the client is not a metric label.',
          unit: 'short',
          width: 8,
          logql:
            'topk(10, sum by (client_id) (count_over_time({service_name="frontdesk"} | event="http.request" | route="/bookings" | method="POST" | status=~"201|202" [$__range])))',
        }),
        heatmap({
          title: 'From created to settled',
          description:
            'Bookings by the time until they are settled, in seconds. Above the deadline of a request a repeat settled them.',
          unit: 's',
          width: 16,
          expr: sumBy('le', increase('booking_settlement_duration_seconds_bucket', '$__rate_interval')),
        }),
      ],
    },
  ],
});
