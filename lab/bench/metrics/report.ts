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

/** Markdown with aligned tables, readable in a terminal, too. */
export function toMarkdown({ date, machine, settings, recording, rendering }: MetricsReport): string {
  const [scrape] = rendering;
  const render = scrape?.time.p50 ?? Number.NaN;
  const block = scrape?.block.max ?? Number.NaN;
  return `# What metrics cost

\`node lab/bench/metrics/main.ts\` on ${date}: ${machine.cores} cores (${machine.processor}), ${machine.platform}, Node ${machine.node},
load average ${machine.loadBefore.toFixed(2)} before the start.

## Recording

${settings.rounds} rounds per row, interleaved; median (least – most), including the loop around the call.

${table([
  ['', 'ns per call', 'bytes allocated'],
  ...recording.map(({ name, time, allocated }) => [
    name,
    `${time.median.toFixed(1)} (${time.min.toFixed(1)} – ${time.max.toFixed(1)})`,
    allocated.toFixed(0),
  ]),
])}

Each row cycles through eight children, with the labels of \`http_request_duration_seconds\` and 12 buckets. Only a sampled
request leaves an exemplar, and its cost is that of the clock, which the timestamp of an exemplar needs. In the rows of
prom-client, a "kept" child is one too, but it looks its values up at every call.

## Rendering

${settings.renders} renders per row, interleaved, in OpenMetrics, with an exemplar at every bucket. The block is the longest
time of a render that the event loop was blocked.

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
    ['and block the event loop no longer', `${block.toFixed(2)} ms at most`, block <= renderGoal],
  ] satisfies Goal[]
)
  .map(([goal, value, met]) => `| ${goal} | ${value} | ${met ? 'met' : '**missed**'} |`)
  .join('\n')}
`;
}
