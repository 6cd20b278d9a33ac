import type { CpuByOwner } from './profile-shares.ts';
import { type Comparison, figureNames, figures } from './report.ts';
import { ratioForm, show } from './statistics.ts';
import { table } from './table.ts';
import { goals } from './telemetry-rows.ts';

export interface TelemetryReport extends Comparison {
  /** As the sink counted them, by the name of the row, over all orders that it was sent. */
  spansPerOrder: Readonly<Record<string, number>>;
  /** Of the dearest row that has a goal, where it was measured. */
  whereItGoes: { row: string; owners: readonly CpuByOwner[] } | undefined;
}

/** Markdown whose tables are aligned, so that it reads well in a terminal too. */
export function toMarkdown({
  date,
  machine,
  settings,
  subjects,
  spansPerOrder,
  whereItGoes,
}: TelemetryReport): string {
  const ratioColumns = ['cpuPerRequest', 'requestsPerSecond'] as const;
  const columns = [
    '',
    ...ratioColumns.map((figure) => `${figures[figure].title} ÷ off`),
    ...figureNames.map((figure) => figures[figure].title),
    'spans',
  ];
  const rows = subjects.map(({ name, figures: own, ratios }) => [
    name,
    ...ratioColumns.map((figure) => (ratios ? show(ratios[figure], ratioForm) : '1')),
    ...figureNames.map((figure) => show(own[figure], figures[figure])),
    (spansPerOrder[name] ?? 0).toFixed(2),
  ]);
  const goalRows = goals.flatMap(({ row, factor }) => {
    const ratio = subjects.find(({ name }) => name === row)?.ratios?.cpuPerRequest;
    if (ratio === undefined) return [];
    const met = ratio.median <= factor ? 'met' : '**missed**';
    return [[`${row}: CPU per request at most ${factor} of off`, show(ratio, ratioForm), met]];
  });

  return `# What telemetry costs

\`npm run bench:telemetry\` on ${date}: ${machine.cores} cores (${machine.processor}), ${machine.platform}, Node ${machine.node},
load average ${machine.loadBefore.toFixed(2)} before the start. ${settings.rounds} rounds of ${settings.seconds} s per row, interleaved, ${settings.connections} connections.
Each figure is the median over the rounds (least – most); ratios are taken round by round.

${table([columns, ...rows])}
${goalRows.length > 0 ? `\n${table([['goal', 'measured', ''], ...goalRows])}\n` : ''}
Each row is the service on \`POST /orders\`, a paid order, with a PostgreSQL database of its own. Off: SDK disabled, log
silent, metrics not recorded. Metrics, logs: these alone; the log, one line per order at level \`info\`, goes to a file.
Lean: spans alone, made at the boundaries, of the share of traces that the service samples; auto: the same share, the
spans made by the OpenTelemetry instrumentations. Everything: metrics, logs and lean spans. Spans are exported over OTLP
to a process that counts them; their number is per order, and all that were made have to be in it.

CPU per request is that of the service's process alone, exporting included. Load, simulator, sink and PostgreSQL share
the cores with it, so that req/s is a figure of the whole.
${whereItGoes ? explanation(whereItGoes) : ''}`;
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

The medians of the table above, divided as a CPU profile of the main thread divides its time, with one round for each
profile: a microsecond more or less is chance. V8's own threads, which compile and collect garbage, are in the sums, but
not in the profiles.
`;
}
