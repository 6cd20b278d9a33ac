import type { CpuByOwner } from './profile-shares.ts';
import { type Comparison, type Figure, figureNames, figures, type SubjectReport } from '../shared/report.ts';
import { ratioForm, show } from '../shared/statistics.ts';
import { table } from '../../report/table.ts';
import { goals } from './rows.ts';

/** The comparison at the steady load, and the same subjects at full load. */
export interface TelemetryReport extends Comparison {
  atFullLoad: readonly SubjectReport[];
  /** Counted by the sink over all orders, by the name of the row. */
  spansPerOrder: Readonly<Record<string, number>>;
  /** For the most expensive row with a goal, if it was measured. */
  whereItGoes: { row: string; owners: readonly CpuByOwner[] } | undefined;
}

/** Markdown with aligned tables, readable in a terminal, too. */
export function toMarkdown(report: TelemetryReport): string {
  const { date, machine, settings, subjects, atFullLoad, spansPerOrder, whereItGoes } = report;
  const spans = (name: string): string => (spansPerOrder[name] ?? 0).toFixed(2);
  const goalRows = goals.flatMap(({ row, factor }) => {
    const judged = [subjects, atFullLoad].flatMap((load) => judge(load, row, factor) ?? []);
    return judged.length === 0 ? [] : [[`${row}: CPU per request at most ${factor} of off`, ...judged]];
  });

  return `# What telemetry costs

\`npm run bench:telemetry\` on ${date}: ${machine.cores} cores (${machine.processor}), ${machine.platform}, Node ${machine.node},
load average ${machine.loadBefore.toFixed(2)} before the start. ${settings.rounds} rounds of ${settings.seconds} s per row and load, interleaved, ${settings.connections} connections.
Each figure is the median over the rounds (least – most); ratios are taken round by round.

## The same load for every row

${settings.rate} orders a second, at fixed times.

${table(
  compareWithOff(
    subjects,
    ['cpuPerRequest'],
    ({ name, figures: own }) => [ofOneCore(own, subjects[0]?.figures), spans(name)],
    ['more of one core', 'spans'],
  ),
)}

## Full load

Each connection sends the next order as soon as it has the response to the last.

${table(compareWithOff(atFullLoad, ['cpuPerRequest', 'requestsPerSecond']))}
${goalRows.length > 0 ? `\n## Goals\n\n${table([['goal', 'same load', 'full load'], ...goalRows])}\n` : ''}
## What was measured

Each row is the service on \`POST /orders\`, a paid order, with its own PostgreSQL database. Off: SDK disabled, log silent,
metrics not recorded. Metrics, logs: only these; the log, one line per order at level \`info\`, goes to a file. Lean: only
spans, created at the boundaries of the service, for the given share of traces; auto: the same share, with spans of the
OpenTelemetry instrumentations. SDK spans: lean, but the SDK creates each span; and export: the SDK also encodes and
queues them. Everything: metrics, logs and lean spans; logs sent: over OTLP, besides the file. A sink receives the
exports and counts the spans; the number is per order, and must include every span. [Spans alone](spans.md) are measured
without the service, with less noise.

CPU per request is that of the service's process alone, export included. Load, simulator, sink and PostgreSQL share the
cores with it, so req/s describes all of them together, and the cost of a request depends on how busy they are: a write
to a connection whose reader sleeps has to wake the reader. At full load few readers sleep, and the fewer, the faster the
service is, so "off" gains most. With the same load for every row, each pays the same for it.
${whereItGoes ? explanation(whereItGoes) : ''}`;
}

function compareWithOff(
  subjects: readonly SubjectReport[],
  ratioColumns: readonly Figure[],
  more: (subject: SubjectReport) => string[] = () => [],
  titlesOfMore: readonly string[] = [],
): string[][] {
  const titles = [
    '',
    ...ratioColumns.map((figure) => `${figures[figure].title} ÷ off`),
    ...figureNames.map((figure) => figures[figure].title),
    ...titlesOfMore,
  ];
  const rows = subjects.map((subject) => [
    subject.name,
    ...ratioColumns.map((figure) => (subject.ratios ? show(subject.ratios[figure], ratioForm) : '1')),
    ...figureNames.map((figure) => show(subject.figures[figure], figures[figure])),
    ...more(subject),
  ]);
  return [titles, ...rows];
}

/** The additional share of one core that the row keeps busy, from the medians. */
function ofOneCore(own: SubjectReport['figures'], before = own): string {
  const more = own.cpuPerRequest.median - before.cpuPerRequest.median;
  return `${((more * own.requestsPerSecond.median) / 10_000).toFixed(1)} %`;
}

/** `undefined` if the row was not measured. */
function judge(subjects: readonly SubjectReport[], row: string, factor: number): string | undefined {
  const ratio = subjects.find(({ name }) => name === row)?.ratios?.cpuPerRequest;
  return ratio && `${show(ratio, ratioForm)} ${ratio.median <= factor ? 'met' : '**missed**'}`;
}

function explanation({ row, owners }: NonNullable<TelemetryReport['whereItGoes']>): string {
  const ofWhom = owners.map(({ owner, before, after }) => [
    owner,
    ...[before, after].map((cpu) => `${cpu.toFixed(1)} µs`),
    `${after < before ? '−' : '+'}${Math.abs(after - before).toFixed(1)} µs`,
  ]);
  return `
## Where it goes

${table([['CPU per request', 'off', row, ''], ...ofWhom])}

The medians with the same load for every row, divided in the proportions of a CPU profile of the main thread, with one
round per profile: differences of a microsecond are noise. V8's own threads, which compile and collect garbage, are part
of the sums but not of the profiles.
`;
}
