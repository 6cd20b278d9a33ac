import { bad, byDependency, byOutcome, falling, notice, rising, warning } from './colours.ts';
import { createDashboard } from './dashboard.ts';
import { logsLink, tracesLink } from './links.ts';
import { logLines, stat, stateTimeline, timeSeries } from './panels.ts';
import { breakerState, ofService, orNone, orZero, quantile, rate, shareBy, sumBy } from './promql.ts';
import { breakerStates } from './states.ts';

const duration = 'dependency_request_duration_seconds';
const calls = `${duration}_count`;
/** A declined card, a refused request and a cancelled charge are answers, not failures. */
const answered = 'outcome=~"ok|succeeded|declined|refused|cancelled"';

// By an attribute: Jaeger's memory storage treats `error=true` as text and finds nothing.
const chargesThatEndedIn = tracesLink('Charges with this outcome', {
  operation: 'payment.charge',
  tags: 'orders.payment.outcome=${__field.labels.outcome}',
});
const undecidedCharges = tracesLink('Charges with an unknown outcome', {
  operation: 'payment.charge',
  tags: 'orders.payment.outcome=unknown',
});

export const dependenciesDashboard = createDashboard({
  uid: 'orders-dependencies',
  title: 'Dependencies',
  question:
    'Is the payment gateway, Postgres or Redis slow, failing or down, and how does the service react?',
  rows: [
    {
      title: 'Which one is it?',
      panels: [
        stat({
          title: 'Answered, last 5 minutes',
          description:
            'Share of the attempts and statements that were answered. A declined card is an answer. Calls that the open breaker rejected do not count, because they were not made.',
          unit: 'percentunit',
          width: 9,
          decimals: 1,
          thresholds: falling([0.9, warning], [0.99, 'green']),
          queries: [
            {
              expr: shareBy(
                'dependency',
                `rate(${ofService(calls, answered)}[5m])`,
                `rate(${ofService(calls)}[5m])`,
              ),
              legend: '{{dependency}}',
            },
          ],
        }),
        stat({
          title: 'p99, last 5 minutes',
          description:
            'Of one attempt at the gateway, one statement with its retries, one Redis command. An attempt times out after PAYMENT_ATTEMPT_TIMEOUT, 1 s by default.',
          unit: 's',
          width: 9,
          thresholds: rising([0.25, notice], [1, bad]),
          queries: [
            {
              expr: `histogram_quantile(0.99, sum by (le, dependency) (rate(${ofService(`${duration}_bucket`)}[5m])))`,
              legend: '{{dependency}}',
            },
          ],
        }),
        stat({
          title: 'Circuit breakers',
          description:
            'Of the gateway, and of Redis if it is configured. An open breaker rejects all calls to its dependency.',
          unit: 'short',
          width: 6,
          thresholds: rising([1, notice], [2, bad]),
          mappings: breakerStates,
          queries: [{ expr: breakerState(), legend: '{{breaker}}' }],
        }),
      ],
    },
    {
      title: 'All of them',
      panels: [
        timeSeries({
          title: 'Calls',
          description:
            'Attempts, statements and commands a second. They follow the requests, unless calls are retried or rejected.',
          unit: 'ops',
          width: 8,
          colours: byDependency,
          queries: [{ expr: sumBy('dependency', rate(calls)), legend: '{{dependency}}' }],
        }),
        timeSeries({
          title: 'Failures',
          description:
            'Unavailable: nothing was charged. Unknown: the outcome is in doubt, so the order stays pending and the charge is repeated with the same key. Error: a statement or command failed after all retries.',
          unit: 'ops',
          width: 8,
          colours: byOutcome,
          links: [chargesThatEndedIn],
          queries: [
            {
              expr: orNone(
                sumBy(
                  'dependency, outcome',
                  rate(calls, 'outcome!~"ok|succeeded|declined|refused|cancelled"'),
                ),
                'outcome',
              ),
              legend: '{{dependency}} {{outcome}}',
            },
          ],
        }),
        timeSeries({
          title: 'p99',
          description: '99 % of the calls took no longer. Each dot is one call; click it for its trace.',
          unit: 's',
          width: 8,
          colours: byDependency,
          queries: [
            { expr: quantile(0.99, duration, '', 'dependency'), legend: '{{dependency}}', exemplars: true },
          ],
        }),
      ],
    },
    {
      title: 'Payment gateway',
      panels: [
        stateTimeline({
          title: 'Breakers',
          description:
            'Open for BREAKER_OPEN_FOR, then half-open for one probe. Alternation of open and half-open means that the dependency is still down.',
          unit: 'short',
          width: 8,
          mappings: breakerStates,
          queries: [{ expr: breakerState(), legend: '{{breaker}}' }],
        }),
        timeSeries({
          title: 'Attempts by what the breaker saw',
          description:
            'The breaker opens when more than half of the attempts within 10 s fail or time out. Rejected: the open breaker refused the call at once.',
          unit: 'ops',
          width: 8,
          stacked: true,
          colours: byOutcome,
          links: [
            undecidedCharges,
            logsLink('Changes of the breaker', '{service_name="orders"} | event="circuit_breaker.changed"'),
          ],
          queries: [
            {
              expr: sumBy('outcome', rate('circuit_breaker_calls_total', 'breaker="payment"')),
              legend: '{{outcome}}',
            },
          ],
        }),
        timeSeries({
          title: 'Attempts per charge',
          description:
            'Attempts per charge or cancellation, including retries. 1 is ideal; the retry budget keeps the long-term value below 1.2.',
          unit: 'short',
          width: 8,
          min: 1,
          thresholds: rising([1.2, warning]),
          links: [
            logsLink(
              'Retries',
              '{service_name="orders"} | event=~"payment.retry|payment.retry_budget_spent"',
            ),
          ],
          queries: [
            {
              expr: `1 + (${orZero(`sum(${rate('retries_total', 'dependency="payment",result="retried"')})`)}) / clamp_min(sum(${rate('circuit_breaker_calls_total', 'breaker="payment"')}) - (${orZero(`sum(${rate('retries_total', 'dependency="payment",result="retried"')})`)}), 1e-9)`,
              legend: 'attempts per charge',
            },
          ],
        }),
      ],
    },
    {
      title: 'Postgres and Redis',
      panels: [
        timeSeries({
          title: 'Connections to Postgres',
          description:
            'In use = total − idle. Callers wait while all DATABASE_POOL_MAX connections are in use: either statements are slow (see the panel to the right) or there are too many.',
          unit: 'short',
          width: 12,
          colours: { waiting: bad, idle: 'green', total: 'blue' },
          queries: [
            { expr: sumBy('state', ofService('pg_pool_connections')), legend: '{{state}}' },
            { expr: `sum(${ofService('pg_batches_in_flight')})`, legend: 'shared statements in flight' },
          ],
        }),
        timeSeries({
          title: 'Statements, p99',
          description: 'By prepared statement, including retries. Each dot links to a trace.',
          unit: 's',
          width: 12,
          links: [logsLink('Retried statements', '{service_name="orders"} | event="postgres.retry"')],
          queries: [
            {
              expr: quantile(0.99, duration, 'dependency="postgres"', 'operation'),
              legend: '{{operation}}',
              exemplars: true,
            },
          ],
        }),
        timeSeries({
          title: 'Orders per statement',
          description:
            'Orders that arrive together share a statement, so the mean rises with the load and is 1 without any. A span shows the size of its statement as db.operation.batch.size. Empty with DATABASE_BATCHING=off.',
          unit: 'short',
          width: 12,
          queries: [
            {
              expr: `${sumBy('statement', rate('pg_batch_rows_sum'))} / ${sumBy('statement', rate('pg_batch_rows_count'))}`,
              legend: '{{statement}}',
            },
          ],
        }),
        timeSeries({
          title: 'Cache',
          description:
            'Reads of settled orders. After an error or a miss the order is read from Postgres. Flat at 0 without REDIS_URL.',
          unit: 'ops',
          width: 12,
          stacked: true,
          colours: byOutcome,
          queries: [
            { expr: orNone(sumBy('result', rate('cache_requests_total')), 'result'), legend: '{{result}}' },
          ],
        }),
        logLines({
          title: 'What the service says about them',
          description:
            'Retries, state changes of the breakers, lost connections. Open a line and follow its trace_id. Empty in normal operation.',
          width: 24,
          logql:
            '{service_name="orders"} | event=~"payment\\\\..+|postgres\\\\..+|redis\\\\..+|circuit_breaker\\\\..+"',
        }),
      ],
    },
  ],
});
