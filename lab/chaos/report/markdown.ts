import { table } from '../../report/table.ts';
import type { ExperimentResult, TimelinePoint } from '../experiment-run.ts';
import { grafanaUrl, jaegerUrl } from './links.ts';
import type { Report } from './report.ts';
import { printWaterfall } from './waterfall.ts';

const marks = { held: 'held', failed: '**failed**', unchecked: 'not checked', skipped: 'skipped' } as const;

export function toMarkdown(report: Report, detection: string): string {
  return `# Chaos experiments

${preface(report)}

${summaryTable(report.results)}

## Which alert detects which fault

${detection}

${report.results.map(section).join('\n\n')}
`;
}

/** The conditions of the run, and how to read its figures. */
export function preface({
  date,
  machine,
  seed,
  rate,
  duration,
  seconds,
  network,
  alerts,
  results,
}: Report): string {
  const held = results.filter(({ verdict }) => verdict === 'held').length;
  const failed = results.filter(({ verdict }) => verdict === 'failed').length;
  const skippedCount = results.length - held - failed;
  const scaled =
    'unchecked' in alerts
      ? `Alerts were not checked: ${alerts.unchecked}.`
      : alerts.scale === 1
        ? "The project's rules were evaluated unscaled."
        : `A real Prometheus evaluated the project's rules at a time scale of ${alerts.scale}: every duration in them (\`for\`, windows, intervals, the age of an order) was divided by ${alerts.scale}. A second of the run stands for ${alerts.scale / 60} min of the rules' time, in which the times of alerts are given. The service's own timeouts were not scaled. Prometheus started empty with each experiment, so windows of hours and days cover only the experiment, and slow burn alerts fire earlier than they would in production.`;
  return `\`npm run chaos\` on ${date.slice(0, 10)}: ${held} of ${results.length} hypotheses held, ${failed} failed${skippedCount > 0 ? `, ${skippedCount} were skipped` : ''}. Seed ${seed}, ${rate} orders a second unless an experiment sets its own rate${duration === undefined ? '' : `, faults of at least ${duration} s`}; ${Math.round(seconds / 60)} minutes in all.

${machine.cores} cores (${machine.processor}), ${machine.platform}, Node ${machine.node}, load average ${machine.loadBefore.toFixed(2)} before the start. Customers, simulator, PostgreSQL, Prometheus and the service share the cores. Network faults: ${network}.

${scaled}`;
}

function summaryTable(results: readonly ExperimentResult[]): string {
  return table([
    [
      'experiment',
      'what breaks',
      'verdict',
      'claims',
      'recovered after',
      "alerts after minutes of the rules' time",
    ],
    ...results.map((result) => {
      const { name, title, verdict, checks, moments } = result;
      const heldChecks = checks.filter((check) => check.verdict === 'held').length;
      return [
        `[${name}](#${name})`,
        title,
        marks[verdict],
        checks.length === 0 ? '–' : `${heldChecks} of ${checks.length}`,
        moments?.recovered === undefined ? '–' : `${(moments.recovered - moments.faultCleared).toFixed(1)} s`,
        expectedAlerts(result),
      ];
    }),
  ]);
}

export function expectedAlerts({ alerts = [], undetected }: ExperimentResult): string {
  const expected = alerts.filter((alert) => alert.expected);
  if (expected.length === 0) return undetected === undefined ? '–' : 'none, intentionally';
  return expected.map(({ alert, afterMinutes }) => `${alert} ${afterMinutes}`).join(', ');
}

function section(result: ExperimentResult): string {
  const { name, title, story, faults, surroundings, claim, verdict, reason, checks, timeline, trace, look } =
    result;
  const jaeger = jaegerUrl(look);
  return [
    `## ${name}`,
    `**${title}** — ${marks[verdict]}. ${story}`,
    `Fault: ${faults.join('; ')}.${surroundings.length === 0 ? '' : ` With ${surroundings.join(', ')}.`}`,
    `Hypothesis: ${claim}`,
    reason === undefined ? '' : `Skipped: ${reason}.`,
    checks.length === 0
      ? ''
      : table([
          ['about', 'claim', 'seen', ''],
          ...checks.map((check) => [check.about, cell(check.claim), cell(check.seen), marks[check.verdict]]),
        ]),
    otherAlerts(result),
    timeline === undefined ? '' : `\`\`\`text\n${sparklines(result, timeline)}\n\`\`\``,
    trace === undefined ? '' : `Trace \`${trace.id}\`:\n\n\`\`\`text\n${printWaterfall(trace.bars)}\n\`\`\``,
    `Look at: [${look.panel}](${grafanaUrl(look)}) in Grafana${jaeger === undefined ? '' : `, [${look.traces}](${jaeger}) in Jaeger`}.`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** The alerts that fired although the hypothesis does not name them. */
export function otherAlerts({ alerts = [], undetected }: ExperimentResult): string {
  const others = alerts
    .filter(({ expected }) => !expected)
    .map(
      ({ alert, afterMinutes }) =>
        `${alert} (${afterMinutes < 0 ? 'before the fault' : `${afterMinutes} min`})`,
    );
  return [
    undetected === undefined ? '' : `Intentionally no alert: ${undetected}`,
    others.length === 0 ? '' : `Also fired: ${others.join(', ')}.`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

const cell = (text: string) => text.replaceAll('|', '\\|');
const blocks = '▁▂▃▄▅▆▇█';
const circuitMarks = { closed: '·', half_open: '◐', open: '●' } as const;

/** One column per second. */
function sparklines({ moments }: ExperimentResult, timeline: readonly TimelinePoint[]): string {
  const line = (name: string, values: ReadonlyArray<number | undefined>, logarithmic = false) => {
    const top = Math.max(1, ...values.map((value) => value ?? 0));
    const shares = values.map((value) => {
      if (value === undefined || value <= 0) return ' ';
      const share = logarithmic ? Math.log10(1 + value) / Math.log10(1 + top) : value / top;
      return blocks[Math.min(7, Math.floor(share * 8))] ?? ' ';
    });
    return `${name.padEnd(12)}${shares.join('')}  ${top}`;
  };
  const series = (['paid', 'declined', 'pending', 'refused', 'lost'] as const)
    .filter((name) => timeline.some((point) => point[name] > 0))
    .map((name) =>
      line(
        `${name}/s`,
        timeline.map((point) => point[name]),
      ),
    );
  const during = timeline.map(({ at }) =>
    moments !== undefined && at >= Math.floor(moments.faultSet) && at < moments.faultCleared ? '▬' : ' ',
  );
  return [
    `${'fault'.padEnd(12)}${during.join('')}`.trimEnd(),
    ...series,
    `${line(
      'p99',
      timeline.map(({ p99 }) => p99),
      true,
    )} ms`,
    `${'breaker'.padEnd(12)}${timeline.map(({ circuit }) => (circuit === undefined ? ' ' : circuitMarks[circuit])).join('')}`.trimEnd(),
  ].join('\n');
}
