import { bad, byDependency, byOutcome, falling, notice, rising, warning } from './colours.ts';
import { createDashboard } from './dashboard.ts';
import { logsLink, tracesLink } from './links.ts';
import { logLines, stat, stateTimeline, timeSeries } from './panels.ts';
import { breakerState, ofService, orNone, quantile, rate, shareBy, sumBy } from './promql.ts';
import { breakerStates } from './states.ts';

const duration = 'dependency_request_duration_seconds';
const calls = `${duration}_count`;
/** A rejection is an answer and no failure. */
const answers = 'ok|confirmed|rejected';

export const dependenciesDashboard = createDashboard({
  uid: 'frontdesk-dependencies',
  title: 'Dependencies',
  question: 'Is a dependency slow, failing or down, and how does the service react?',
  rows: [
    {
      title: 'Which one is it?',
      panels: [
        stat({
          title: 'Answered, last 5 minutes',
          description:
            'Share of the attempts and statements that were answered. Calls that an open breaker refused do not count, because they were not made.',
          unit: 'percentunit',
          width: 9,
          decimals: 1,
          thresholds: falling([0.9, warning], [0.99, 'green']),
          queries: [
            {
              expr: shareBy(
                'dependency',
                `rate(${ofService(calls, `outcome=~"${answers}"`)}[5m])`,
                `rate(${ofService(calls)}[5m])`,
              ),
              legend: '{{dependency}}',
            },
          ],
        }),
        stat({
          title: 'p99, last 5 minutes',
          description: 'Of one attempt at the dependency, one statement with its retries, one Redis command.',
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
          description: 'An open breaker refuses all calls to its dependency.',
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
            'Attempts, statements and commands a second. They follow the requests, unless calls are retried or refused.',
          unit: 'ops',
          width: 8,
          colours: byDependency,
          queries: [{ expr: sumBy('dependency', rate(calls)), legend: '{{dependency}}' }],
        }),
        timeSeries({
          title: 'Failures',
          description:
            'Undecided: the outcome is in doubt, and a repeat with the same key tells. Error: a statement failed after all retries.',
          unit: 'ops',
          width: 8,
          colours: byOutcome,
          links: [
            tracesLink('Calls without a decision', {
              operation: 'upstream.confirm',
              tags: 'frontdesk_ns.upstream.outcome=undecided',
            }),
          ],
          queries: [
            {
              expr: orNone(sumBy('dependency, outcome', rate(calls, `outcome!~"${answers}"`)), 'outcome'),
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
      title: 'The dependency and its breaker',
      panels: [
        stateTimeline({
          title: 'Breakers',
          description:
            'Open for BREAKER_OPEN_FOR, then half-open for one probe. Open and half-open in turns: the dependency is still down.',
          unit: 'short',
          width: 12,
          mappings: breakerStates,
          queries: [{ expr: breakerState(), legend: '{{breaker}}' }],
        }),
        timeSeries({
          title: 'Attempts by what the breaker saw',
          description:
            'It opens when more than half of the attempts within 10 s fail or time out. Rejected: it refused the call at once.',
          unit: 'ops',
          width: 12,
          stacked: true,
          colours: byOutcome,
          links: [
            logsLink(
              'Changes of the breaker',
              '{service_name="frontdesk"} | event="circuit_breaker.changed"',
            ),
          ],
          queries: [
            {
              expr: sumBy('outcome', rate('circuit_breaker_calls_total', 'breaker="upstream"')),
              legend: '{{outcome}}',
            },
          ],
        }),
      ],
    },
    {
      title: 'Postgres',
      panels: [
        timeSeries({
          title: 'Connections to Postgres',
          description:
            'In use = total − idle. Callers wait while all DATABASE_POOL_MAX connections are in use.',
          unit: 'short',
          width: 12,
          colours: { waiting: bad, idle: 'green', total: 'blue' },
          queries: [{ expr: sumBy('state', ofService('pg_pool_connections')), legend: '{{state}}' }],
        }),
        timeSeries({
          title: 'Statements, p99',
          description: 'By prepared statement, with retries. Each dot links to a trace.',
          unit: 's',
          width: 12,
          links: [logsLink('Retried statements', '{service_name="frontdesk"} | event="postgres.retry"')],
          queries: [
            {
              expr: quantile(0.99, duration, 'dependency="postgres"', 'operation'),
              legend: '{{operation}}',
              exemplars: true,
            },
          ],
        }),
        logLines({
          title: 'What the service says about them',
          description:
            'Retries, state changes of the breakers, lost connections. Open a line and follow its trace_id. Empty in normal operation.',
          width: 24,
          logql:
            '{service_name="frontdesk"} | event=~"upstream\\\\..+|postgres\\\\..+|circuit_breaker\\\\..+"',
        }),
      ],
    },
  ],
});
