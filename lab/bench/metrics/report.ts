import type { RecordFigures } from './record.ts';
import type { RenderFigures } from './render.ts';
import type { Comparison } from '../shared/report.ts';
import { table } from '../../report/table.ts';

export interface MetricsReport {
  date: string;
  machine: Comparison['machine'];
  settings: { rounds: number; renders: number };
  recording: RecordFigures[];
  rendering: RenderFigures[];
}

/** Nanoseconds. */
const recordGoal = 50;
/** Milliseconds. */
const renderGoal = 5;

type Goal = [goal: string, measured: string, met: boolean];

/** Markdown whose tables are aligned, so that it reads well in a terminal too. */
export function toMarkdown({ date, machine, settings, recording, rendering }: MetricsReport): string {
  const [scrape] = rendering;
  const render = scrape?.time.p50 ?? Number.NaN;
  const block = scrape?.block.max ?? Number.NaN;
  return `# What metrics cost

\`node lab/bench/metrics/main.ts\` on ${date}: ${machine.cores} cores (${machine.processor}), ${machine.platform}, Node ${machine.node},
load average ${machine.loadBefore.toFixed(2)} before the start.

## Recording

${settings.rounds} rounds per row, interleaved; the median of them (least – most), the loop around the call included.

${table([
  ['', 'ns per call', 'bytes allocated'],
  ...recording.map(({ name, time, allocated }) => [
    name,
    `${time.median.toFixed(1)} (${time.min.toFixed(1)} – ${time.max.toFixed(1)})`,
    allocated.toFixed(0),
  ]),
])}

Eight children in turn, with the labels of \`http_request_duration_seconds\` and 12 buckets. Only a sampled request
leaves an exemplar, and what that costs is the clock: it has a time. In the rows of prom-client, "kept" is a child too,
but one that looks its values up at every call.

## Rendering

${settings.renders} renders per row, interleaved, in OpenMetrics, with an exemplar at every bucket. The block is the longest
time in a render that nothing else had its turn on the event loop.

${table([
  ['', 'series', 'kB', 'render p50', 'max', 'block p50', 'max'],
  ...rendering.map((row) => [
    row.name,
    row.series.toString(),
    row.kilobytes.toFixed(0),
    ...[row.time.p50, row.time.max, row.block.p50, row.block.max].map((value) => `${value.toFixed(2)} ms`),
  ]),
])}

| goal | measured | |
|---|---|---|
${(
  [
    ...recording
      .filter(({ ours }) => ours)
      .map(
        ({ name, time: { median } }): Goal => [
          `${name} within ${recordGoal} ns`,
          `${median.toFixed(1)} ns`,
          median <= recordGoal,
        ],
      ),
    [`300 series are rendered within ${renderGoal} ms`, `${render.toFixed(2)} ms`, render <= renderGoal],
    ['and block for no longer', `${block.toFixed(2)} ms at most`, block <= renderGoal],
  ] satisfies Goal[]
)
  .map(([goal, value, met]) => `| ${goal} | ${value} | ${met ? 'met' : '**missed**'} |`)
  .join('\n')}
`;
}
