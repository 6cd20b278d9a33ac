import type { Machine } from '../../report/machine.ts';
import { table } from '../../report/table.ts';
import { ratioForm, ratios, show, spreadOf } from '../shared/statistics.ts';
import type { CompressionCost } from './compression.ts';
import type { MemoryRun } from './memory.ts';
import type { Outcome } from './programs.ts';

export interface Row {
  name: string;
  /** One outcome per round; or why there is none. */
  outcomes: readonly Outcome[] | string;
}

export interface LogsReport {
  date: string;
  machine: Machine;
  rounds: number;
  lines: number;
  /** Bytes of a line, on average. */
  lineLength: number;
  isPinned: boolean;
  rows: readonly Row[];
  memory: MemoryRun;
  compression: readonly CompressionCost[];
}

export const names = {
  count: 'log processor, counts and batches',
  rust: 'Rust, counts and batches',
  naive: 'Node, JSON.parse per line',
  gzip: 'log processor to OTLP, gzip',
  zstd: 'log processor to OTLP, zstd',
  collector: 'Collector filelog to OTLP, gzip',
} as const;

const million = 1e6;
const speedOf = (outcomes: readonly Outcome[]) =>
  outcomes.map(({ lines, seconds }) => lines / seconds / million);
const perCpuOf = (outcomes: readonly Outcome[]) =>
  outcomes.map(({ lines, cpu = Number.NaN }) => lines / cpu / million);

export function toMarkdown(report: LogsReport): string {
  const { date, machine, rounds, lines, lineLength, isPinned, rows, memory, compression } = report;
  const cells = rows.map(({ name, outcomes }) => {
    if (typeof outcomes === 'string') return [name, outcomes, '', ''];
    const hasCpu = outcomes.every(({ cpu }) => cpu !== undefined);
    const memoryOf = outcomes.map(({ maxRSS = Number.NaN }) => maxRSS / 1024);
    return [
      name,
      show(spreadOf(speedOf(outcomes)), { unit: ' M', digits: 2 }),
      hasCpu ? show(spreadOf(perCpuOf(outcomes)), { unit: ' M', digits: 2 }) : '',
      hasCpu ? show(spreadOf(memoryOf), { unit: ' MiB', digits: 0 }) : '',
    ];
  });
  const largest = Math.max(...memory.samples);
  return `# What a log line costs

\`npm run bench:logs\` on ${date}: ${machine.cores} cores (${machine.processor}), ${machine.platform}, Node ${machine.node},
load average ${machine.loadBefore.toFixed(2)} before the start. ${rounds} rounds, interleaved, of ${lines.toLocaleString('en')} lines of ${lineLength.toFixed(0)} bytes
(timestamp, level, service, message, trace id)${isPinned ? ', each program on one core, the receiver on another' : ''}. Median over the rounds (minimum – maximum).

${table([['', 'lines/s', 'lines per CPU second', 'most memory'], ...cells])}

![Lines per second](logs.svg)

| goal | measured | |
|---|---|---|
${goalsOf(report, largest)
  .map(
    ([goal, value, met]) =>
      `| ${goal} | ${value} | ${met === undefined ? 'not measured' : met ? 'met' : '**missed**'} |`,
  )
  .join('\n')}

Memory while ${memory.lines.toLocaleString('en')} lines are piped through and forwarded with gzip:

${table([
  ['after lines', 'resident memory'],
  ...[0, 1e6, 5e6, 10e6]
    .filter((count) => count <= memory.lines)
    .map((count) => [count.toLocaleString('en'), `${memoryAfter(memory, count).toFixed(0)} MiB`]),
])}

lines/s counts from the program's first line of code; CPU and memory include the start of the runtime.

_Counts and batches_: nothing is sent. The Rust program (\`lab/bench/logs/rust-logs\`) reads lines with tokio, parses each with serde_json
into a struct, counts errors by service, and sends it through a channel to a task that drops batches of 1,000. The log processor
finds every member of every line, checks that the line is JSON, and counts by service and level. _To OTLP_: batches of 1,000 in
protobuf to a receiver that decompresses them and counts the records; every run is checked for the number of lines that arrived.
The Collector
(\`lab/bench/logs/collector-builder.yaml\`) has the \`json_parser\` operator, and GOMAXPROCS=1.

**What remains.** Compression alone, of requests that are ready:
${compression
  .map(
    ({ compression: name, nanoseconds, ratio }) =>
      `${name} takes ${nanoseconds.toFixed(0)} ns of CPU per line, so that ${(1e3 / nanoseconds).toFixed(2)} M lines per CPU second are its bound, and leaves ${(ratio * 100).toFixed(0)} % of the bytes`,
  )
  .join('; ')}. The gzip is Node's zlib at
level 1: a forwarded line cannot cost less than that on a core, whatever reads and encodes it. \`--compression zstd\` is for receivers that take it, as
the Collector does; \`none\` is for the same machine. [Where the time of a line goes](../logs.md#where-the-time-of-a-line-goes) has a profile of both modes.
`;
}

/** MiB; the lines are taken as evenly spread over the run. */
function memoryAfter({ samples, lines }: MemoryRun, count: number): number {
  return samples[Math.round((count / lines) * (samples.length - 1))] ?? Number.NaN;
}

type Goal = [goal: string, value: string, met: boolean | undefined];

function goalsOf({ rows }: LogsReport, largest: number): Goal[] {
  const of = (name: string): readonly Outcome[] => {
    const outcomes = rows.find((row) => row.name === name)?.outcomes;
    return typeof outcomes === 'object' ? outcomes : [];
  };
  const goal = (text: string, values: readonly number[], bases: readonly number[], least: number): Goal => {
    if (values.length === 0 || bases.length === 0) return [text, '', undefined];
    const ratio = ratios(values, bases);
    return [text, show(ratio, ratioForm), ratio.median >= least];
  };
  const rust = speedOf(of(names.rust));
  return [
    goal('counting at least 2.5 of the Rust program', speedOf(of(names.count)), rust, 2.5),
    goal(
      'to OTLP with gzip at least 1.0 of the Rust program, which sends nothing',
      speedOf(of(names.gzip)),
      rust,
      1,
    ),
    goal(
      'to OTLP at least 3 of the Collector in lines per CPU second',
      perCpuOf(of(names.gzip)),
      perCpuOf(of(names.collector)),
      3,
    ),
    ['at most 120 MiB at full speed', `${largest.toFixed(0)} MiB`, largest <= 120],
  ];
}

const width = 720;
const rowHeight = 30;
const left = 230;

/** A bar per row. Legible in light and dark. */
export function plot({ rows }: LogsReport): string {
  const bars = rows.flatMap(({ name, outcomes }) =>
    typeof outcomes === 'string' ? [] : [{ name, spread: spreadOf(speedOf(outcomes)) }],
  );
  const top = Math.max(...bars.map(({ spread }) => spread.max));
  const x = (value: number): string => (left + ((width - left - 60) * value) / top).toFixed(1);
  const shapes = bars.map(({ name, spread }, index) => {
    const y = 10 + index * rowHeight;
    const kind = name.startsWith('log processor') ? 'ours' : 'other';
    return (
      `<text x="${left - 8}" y="${y + 15}" text-anchor="end">${name}</text>` +
      `<rect class="${kind}" x="${left}" y="${y}" width="${(Number(x(spread.median)) - left).toFixed(1)}" height="20"/>` +
      `<line x1="${x(spread.min)}" x2="${x(spread.max)}" y1="${y + 10}" y2="${y + 10}"/>` +
      `<text x="${Number(x(spread.max)) + 6}" y="${y + 15}">${spread.median.toFixed(2)} M/s</text>`
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bars.length * rowHeight + 20}" font-family="system-ui, sans-serif" font-size="12" role="img">
<title>Lines per second on one core</title>
<style>
  text { fill: #444 } line { stroke: #111; stroke-width: 1.5 } .ours { fill: #0a7d4b } .other { fill: #9ca3af }
  @media (prefers-color-scheme: dark) { text { fill: #bbb } line { stroke: #eee } .ours { fill: #4ade80 } .other { fill: #6b7280 } }
</style>
${shapes.join('\n')}
</svg>
`;
}
