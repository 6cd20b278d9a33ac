import type { Comparison } from '../shared/report.ts';
import { exporters } from './exporter.ts';
import { mebibyte, type SoakRun, type SoakSettings } from './run.ts';
import { table } from '../../report/table.ts';
import { type Trend, trendOf } from '../shared/trend.ts';

export interface SoakReport extends Pick<Comparison, 'date' | 'machine'> {
  settings: SoakSettings & { together: boolean };
  runs: DescribedRun[];
}

interface DescribedRun {
  run: SoakRun;
  /** In KiB a minute, after the warm-up. */
  trends: Record<Figure, Trend>;
  verdict: Verdict;
}

type Figure = 'heap' | 'external' | 'resident';
type Verdict = 'flat' | 'growing' | 'undecided';

/** Share of the time during which code is compiled, connections open and queues fill. */
const warmUpShare = 0.3;

/** Bytes an order: the size of one entry in an array that is never cleared. */
const tolerance = 8;

export function describeRun(run: SoakRun, { rate }: SoakSettings): DescribedRun {
  const end = run.samples.at(-1)?.at ?? 0;
  const settled = run.samples.filter(({ at }) => at > end * warmUpShare);
  const trend = (figure: Figure) =>
    trendOf(settled.map((sample) => [sample.at / 60, sample[figure] / 1024] as const));
  const trends = { heap: trend('heap'), external: trend('external'), resident: trend('resident') };
  return { run, trends, verdict: verdictOf(trends.heap, limitOf(rate)) };
}

function verdictOf({ slope, uncertainty }: Trend, limit: number): Verdict {
  if (slope - uncertainty > limit) return 'growing';
  return slope + uncertainty <= limit ? 'flat' : 'undecided';
}

/** KiB a minute. */
function limitOf(rate: number): number {
  return (tolerance * rate * 60) / 1024;
}

/** Markdown with aligned tables, which also reads well in a terminal. */
export function toMarkdown({ date, machine, settings, runs }: SoakReport): string {
  const { rate, minutes, together } = settings;
  const summary = runs.map(({ run: { exporter, orders, failed, dropped }, trends, verdict }) => [
    exporter,
    String(orders),
    String(failed),
    show(trends.heap),
    show(trends.external),
    show(trends.resident),
    Object.entries(dropped)
      .map(([what, count]) => `${count} ${what}`)
      .join(', ') || 'none',
    `**${verdict}**`,
  ]);
  const heads = runs.flatMap(({ run }) => [`${run.exporter}: heap`, 'RSS']);
  const byMinute = Array.from({ length: minutes }, (_, minute) => [
    String(minute + 1),
    ...runs.flatMap(({ run: { samples } }) => {
      const within = samples.filter(({ at }) => at > minute * 60 && at <= (minute + 1) * 60);
      return (['heap', 'resident'] as const).map((figure) =>
        (Math.min(...within.map((sample) => sample[figure])) / mebibyte).toFixed(1),
      );
    }),
  ]);

  return `# What stays in memory

\`npm run bench:soak\` on ${date}: ${machine.cores} cores (${machine.processor}), ${machine.platform}, Node ${machine.node},
load average ${machine.loadBefore.toFixed(2)} before the start. ${rate} orders a second in an open loop for ${minutes} min${
    together ? ', the services side by side' : ''
  },
every trace sampled, spans and log records exported over OTLP. The receiver
${runs.map(({ run: { exporter } }) => `- **${exporter}**: ${exporters[exporter]}`).join(';\n')}.

${table([['', 'orders', 'not 201', 'heap', 'external', 'RSS', 'lost telemetry', 'verdict'], ...summary])}

Slopes are in KiB a minute with their 95 % confidence interval, after the first ${warmUpShare * 100} % of the time. The heap is **growing** if
the whole interval is above ${tolerance} bytes an order, the size of one array entry that is never cleared and here ${limitOf(rate).toFixed(1)} KiB a
minute. It is **flat** if the whole interval is below. Otherwise the run was too short to decide.

![Heap and RSS over time](soak.svg)

The minimum of each minute, in MiB:

${table([['minute', ...heads], ...byMinute])}

Every 10 s the heap is read after a full garbage collection, so that all of it is in use. It includes the spans and log records
that wait to be sent: without a receiver, their queues are full from the first seconds on.
`;
}

function show({ slope, uncertainty }: Trend): string {
  return Number.isNaN(slope) ? '–' : `${slope.toFixed(1)} ± ${uncertainty.toFixed(1)}`;
}
