import { byOrderStatus, falling, notice, rising, warning } from './colours.ts';
import { createDashboard } from './dashboard.ts';
import { goneClientsLink, logsLink, tracesLink } from './links.ts';
import { inWholeUnits } from './money.ts';
import { heatmap, logTable, stat, timeSeries } from './panels.ts';
import { increase, ofService, orNone, orZero, placements, rate, sumBy } from './promql.ts';

/** Without orders there is no share, and 0 % would look like an outage. */
const paidShare = (window: string) =>
  `(${orZero(`sum(${increase('orders_total', window, 'status="paid"')})`)}) / (sum(${increase('orders_total', window)}) > 0)`;

export const businessDashboard = createDashboard({
  uid: 'orders-business',
  title: 'Business',
  question: 'How many orders are paid or declined, and how much money is pending?',
  rows: [
    {
      title: 'How is business?',
      panels: [
        stat({
          title: 'Orders settled a minute',
          description: 'Paid, declined and cancelled together, over the last 5 minutes.',
          unit: 'opm',
          width: 4,
          decimals: 1,
          queries: [{ expr: `sum(rate(${ofService('orders_total')}[5m])) * 60`, legend: 'orders' }],
        }),
        stat({
          title: 'Conversion',
          description:
            'Share of the orders settled in the time range that were paid. The others were declined or cancelled. Empty without orders.',
          unit: 'percentunit',
          width: 4,
          decimals: 1,
          thresholds: falling([0.5, warning], [0.8, 'green']),
          queries: [{ expr: paidShare('$__range'), legend: 'conversion' }],
        }),
        stat({
          title: 'Revenue in the time range',
          description:
            'Value of the orders paid, in whole units of each currency. The first order ever in a currency is missing, because Prometheus sees only increases. Postgres has the exact figures.',
          unit: 'short',
          width: 6,
          queries: [
            {
              expr: inWholeUnits((currency) =>
                increase('order_value_minor_total', '$__range', `status="paid",${currency}`),
              ),
              legend: '{{currency}}',
            },
          ],
        }),
        stat({
          title: 'Waiting for a decision',
          description: 'Orders that are stored but neither paid nor declined yet, as of the last count.',
          unit: 'short',
          width: 4,
          thresholds: rising([100, notice], [8000, warning]),
          queries: [{ expr: `max(${ofService('orders_pending')})`, legend: 'orders' }],
        }),
        stat({
          title: 'Value waiting, estimated',
          description:
            'Estimated value of the pending orders by currency: pending × value settled ÷ orders settled, over the last hour. The service counts pending orders, but not their value.',
          unit: 'short',
          width: 6,
          queries: [
            {
              expr: `scalar(max(${ofService('orders_pending')})) / scalar(clamp_min(sum(${increase('orders_total', '1h')}), 1)) * (${inWholeUnits((currency) => increase('order_value_minor_total', '1h', currency))})`,
              legend: '{{currency}}',
            },
          ],
        }),
      ],
    },
    {
      title: 'Orders',
      panels: [
        timeSeries({
          title: 'Orders by outcome',
          description:
            'Orders settled a minute. Cancelled orders were ended by a client or by their deadline.',
          unit: 'opm',
          width: 12,
          stacked: true,
          colours: byOrderStatus,
          links: [
            logsLink(
              'Placements with this outcome',
              '{service_name="orders"} | event="http.request" | route="/orders" | order_status="${__field.labels.status}"',
            ),
          ],
          queries: [
            { expr: orNone(`${sumBy('status', rate('orders_total'))} * 60`, 'status'), legend: '{{status}}' },
          ],
        }),
        timeSeries({
          title: 'What customers hear',
          description:
            'Answers to POST /orders a minute. 201: paid. 202: pending. 402: declined. Others are refusals. Many 202 mean that the gateway is slow or down.',
          unit: 'opm',
          width: 12,
          stacked: true,
          colours: { '^201': 'green', '^202': notice, '^402': warning, '^5': 'red' },
          links: [
            tracesLink('Traces with this answer', {
              operation: 'POST /orders',
              tags: 'http.response.status_code=${__field.labels.status_code}',
            }),
            goneClientsLink({ operation: 'POST /orders' }),
          ],
          queries: [
            {
              expr: orNone(
                `${sumBy('status_code', rate('http_requests_total', placements))} * 60`,
                'status_code',
              ),
              legend: '{{status_code}}',
            },
          ],
        }),
        timeSeries({
          title: 'Conversion',
          description:
            'Share of the orders that were paid, over the last 15 minutes at each point. No line without orders.',
          unit: 'percentunit',
          width: 8,
          max: 1,
          queries: [{ expr: paidShare('15m'), legend: 'conversion' }],
        }),
        timeSeries({
          title: 'Declined',
          description:
            'Share of the orders that were declined, by currency, over the last 15 minutes at each point. A jump in one currency points to a bank; a jump in all of them to the gateway or to card testing.',
          unit: 'percentunit',
          width: 8,
          max: 1,
          queries: [
            {
              expr: orNone(
                `(${sumBy('currency', increase('orders_total', '15m', 'status="declined"'))} or 0 * ${sumBy('currency', increase('orders_total', '15m'))}) / clamp_min(${sumBy('currency', increase('orders_total', '15m'))}, 1e-9)`,
                'currency',
              ),
              legend: '{{currency}}',
            },
          ],
        }),
        logTable({
          title: 'Orders by client',
          description:
            'Orders answered with 201 or 202 in the time range, including repeats. From the log, because the client is not a metric label.',
          unit: 'short',
          width: 8,
          logql:
            'topk(10, sum by (client_id) (count_over_time({service_name="orders"} | event="http.request" | route="/orders" | method="POST" | status=~"201|202" [$__range])))',
        }),
      ],
    },
    {
      title: 'Money',
      panels: [
        timeSeries({
          title: 'Revenue an hour',
          description:
            'Value of the orders paid, in whole units of each currency, extrapolated from the last 15 minutes.',
          unit: 'short',
          width: 8,
          queries: [
            {
              expr: inWholeUnits(
                (currency) =>
                  `${increase('order_value_minor_total', '15m', `status="paid",${currency}`)} * 4`,
              ),
              legend: '{{currency}}',
            },
          ],
        }),
        timeSeries({
          title: 'Value of an order',
          description:
            'Mean value of the orders settled in the last 15 minutes, in whole units of each currency.',
          unit: 'short',
          width: 8,
          queries: [
            {
              expr: `(${inWholeUnits((currency) => increase('order_value_minor_total', '15m', currency))}) / ${sumBy('currency', increase('orders_total', '15m'))}`,
              legend: '{{currency}}',
            },
          ],
        }),
        timeSeries({
          title: 'Pending orders',
          description:
            'The number of pending orders and the age of the oldest. It is unknown whether their cards were charged. They wait on purpose during a pause that the gateway asked for, and while their card or client is suspended because the gateway answers others only, or their client holds its share of the connections.',
          unit: 'short',
          width: 8,
          rightAxis: { series: 'oldest', unit: 's' },
          links: [
            logsLink('Why they were left pending', '{service_name="orders"} | event="order.left_pending"'),
            logsLink(
              'Pauses and suspensions',
              '{service_name="orders"} | event=~"payment.paused|payment.suspended|payment.client_share_used"',
            ),
          ],
          queries: [
            { expr: `max(${ofService('orders_pending')})`, legend: 'pending' },
            { expr: `max(${ofService('orders_pending_oldest_seconds')})`, legend: 'oldest' },
            { expr: `max(${ofService('payment_pause_seconds')})`, legend: 'pause left, seconds' },
            { expr: `sum(${ofService('payment_suspended')})`, legend: 'suspended cards and clients' },
          ],
        }),
        heatmap({
          title: 'From placed to settled',
          description:
            'Orders by the time until settlement, in seconds. Below 0.3 the request itself settled them; a band above is the settlement worker. The objective is 300 s for 99 % of the orders.',
          unit: 's',
          width: 24,
          expr: sumBy('le', increase('order_settlement_duration_seconds_bucket', '$__rate_interval')),
        }),
      ],
    },
  ],
});
