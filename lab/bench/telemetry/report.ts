import type { CpuByOwner } from './profile-shares.ts';
import { type Comparison, type Figure, figureNames, figures, type SubjectReport } from '../shared/report.ts';
import { ratioForm, show } from '../shared/statistics.ts';
import { table } from '../../report/table.ts';
import { goals } from './rows.ts';

/** At the steady load, and of the same subjects at full load. */
export interface TelemetryReport extends Comparison {
  atFullLoad: readonly SubjectReport[];
  /** As the sink counted them, by the name of the row, over all orders that it was sent. */
  spansPerOrder: Readonly<Record<string, number>>;
  /** Of the dearest row that has a goal, where it was measured. */
  whereItGoes: { row: string; owners: readonly CpuByOwner[] } | undefined;
}

/** Markdown whose tables are aligned, so that it reads well in a terminal too. */
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

## The same load for all

${settings.rate} orders a second, by the clock.

${table(
  compareWithOff(
    subjects,
    ['cpuPerRequest'],
    ({ name, figures: own }) => [ofOneCore(own, subjects[0]?.figures), spans(name)],
    ['more of one core', 'spans'],
  ),
)}

## As much load as each can take

The next order on each connection as soon as the last one is answered.

${table(compareWithOff(atFullLoad, ['cpuPerRequest', 'requestsPerSecond']))}
${goalRows.length > 0 ? `\n## Goals\n\n${table([['goal', 'same load', 'full load'], ...goalRows])}\n` : ''}
## What was measured

Each row is the service on \`POST /orders\`, a paid order, with a PostgreSQL database of its own. Off: SDK disabled, log
silent, metrics not recorded. Metrics, logs: these alone; the log, one line per order at level \`info\`, goes to a file.
Lean: spans alone, made at the boundaries, of the share of traces that the service samples; auto: the same share, the
spans made by the OpenTelemetry instrumentations. Everything: metrics, logs and lean spans; logs sent: over OTLP,
besides the file. A process takes what is sent and counts it; the number of spans is per order, and all that were made
have to be in it.

CPU per request is that of the service's process alone, exporting included. Load, simulator, sink and PostgreSQL share
the cores with it, so that req/s is a figure of the whole, and what a request costs depends on how busy they are: a
write to a connection whose reader sleeps has to wake it, and pays for that. At full load hardly anybody sleeps, the
less so the faster the service is; "off" gains by it most. With the same load for all, all pay the same for it.
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

/** How much longer a core is busy, in percent of the time, by the medians. */
function ofOneCore(own: SubjectReport['figures'], before = own): string {
  const more = own.cpuPerRequest.median - before.cpuPerRequest.median;
  return `${((more * own.requestsPerSecond.median) / 10_000).toFixed(1)} %`;
}

/** `undefined` where the row was not measured. */
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

The medians with the same load for all, divided as a CPU profile of the main thread divides its time, with one round for
each profile: a microsecond more or less is chance. V8's own threads, which compile and collect garbage, are in the
sums, but not in the profiles.
`;
}
