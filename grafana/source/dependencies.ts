import { bad, byDependency, byOutcome, falling, notice, rising, warning } from './colours.ts';
import { createDashboard } from './dashboard.ts';
import { logsLink, tracesLink } from './links.ts';
import { logLines, stat, stateTimeline, timeSeries } from './panels.ts';
import { breakerState, ofService, orNone, orZero, quantile, rate, sumBy } from './promql.ts';
import { breakerStates } from './states.ts';

const duration = 'dependency_request_duration_seconds';
const calls = `${duration}_count`;
/** A declined card and a cancelled charge are answers. */
const answered = 'outcome=~"ok|succeeded|declined|cancelled"';

// By an attribute: Jaeger's memory finds nothing under `error=true`, which it reads as a text.
const chargesThatEndedIn = tracesLink('Charges that ended like this', {
  operation: 'payment.charge',
  tags: 'payment.outcome=${__field.labels.outcome}',
});
const undecidedCharges = tracesLink('Charges that nobody knows the end of', {
  operation: 'payment.charge',
  tags: 'payment.outcome=unknown',
});

export const dependenciesDashboard = createDashboard({
  uid: 'orders-dependencies',
  title: 'Dependencies',
  question:
    'Which of the payment gateway, Postgres and Redis is slow, failing or away, and what does the service do about it?',
  rows: [
    {
      title: 'Which one is it?',
      panels: [
        stat({
          title: 'Answered, last 5 minutes',
          description:
            'Share of the attempts and statements that were answered. A declined card is an answer. What the open breaker turned away is not in here: nobody was asked.',
          unit: 'percentunit',
          width: 9,
          decimals: 1,
          thresholds: falling([0.9, warning], [0.99, 'green']),
          queries: [
            {
              expr: `sum by (dependency) (rate(${ofService(calls, answered)}[5m])) / sum by (dependency) (rate(${ofService(calls)}[5m]))`,
              legend: '{{dependency}}',
            },
          ],
        }),
        stat({
          title: 'p99, last 5 minutes',
          description:
            'One attempt at the gateway, one statement with its retries, one command. An attempt at the gateway is given up after PAYMENT_ATTEMPT_TIMEOUT, 1 s by default.',
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
            'Of the gateway, and of Redis where it is configured. While one is open, its dependency is not asked at all.',
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
            'Attempts, statements and commands a second. They follow the requests; where they do not, something retries or is turned away.',
          unit: 'ops',
          width: 8,
          colours: byDependency,
          queries: [{ expr: sumBy('dependency', rate(calls)), legend: '{{dependency}}' }],
        }),
        timeSeries({
          title: 'Failures',
          description:
            'Unavailable: nothing was done. Unknown: nobody can say, so the order stays pending and is asked about again. Error: a statement or command failed with all its retries.',
          unit: 'ops',
          width: 8,
          colours: byOutcome,
          links: [chargesThatEndedIn],
          queries: [
            {
              expr: orNone(
                sumBy('dependency, outcome', rate(calls, 'outcome!~"ok|succeeded|declined|cancelled"')),
                'outcome',
              ),
              legend: '{{dependency}} {{outcome}}',
            },
          ],
        }),
        timeSeries({
          title: 'p99',
          description:
            'The slowest hundredth of the calls. Each dot is one call: a click leads to its trace.',
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
            'Open for BREAKER_OPEN_FOR, then half-open for one probe. Open and half-open in turn means that the dependency is still away.',
          unit: 'short',
          width: 8,
          mappings: breakerStates,
          queries: [{ expr: breakerState(), legend: '{{breaker}}' }],
        }),
        timeSeries({
          title: 'Attempts by what the breaker saw',
          description:
            'The breaker opens when more than half of the attempts within 10 s are failures or timeouts. Rejected: turned away by the open breaker, at no cost.',
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
            'Charges and cancellations with all their retries: 1 is best. The budget of retries keeps it below 1.2 for long.',
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
            'In use = total − idle. Callers that wait find all of DATABASE_POOL_MAX in use: either the statements are slow (to the right) or there are too many.',
          unit: 'short',
          width: 8,
          colours: { waiting: bad, idle: 'green', total: 'blue' },
          queries: [{ expr: sumBy('state', ofService('pg_pool_connections')), legend: '{{state}}' }],
        }),
        timeSeries({
          title: 'Statements, p99',
          description: 'By the name of the prepared statement, retries included. Each dot leads to a trace.',
          unit: 's',
          width: 8,
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
          title: 'Cache',
          description:
            'Reads of settled orders. An error is answered from Postgres, like a miss. Flat at 0 without REDIS_URL.',
          unit: 'ops',
          width: 8,
          stacked: true,
          colours: byOutcome,
          queries: [
            { expr: orNone(sumBy('result', rate('cache_requests_total')), 'result'), legend: '{{result}}' },
          ],
        }),
        logLines({
          title: 'What the service says about them',
          description:
            'Retries, changes of the breakers, lost connections. Open a line and follow its trace_id. Rightly empty in calm.',
          width: 24,
          logql:
            '{service_name="orders"} | event=~"payment\\\\..+|postgres\\\\..+|redis\\\\..+|circuit_breaker\\\\..+"',
        }),
      ],
    },
  ],
});
