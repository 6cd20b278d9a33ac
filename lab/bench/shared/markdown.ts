import { figureNames, figures, type OrdersReport } from './report.ts';
import { ratioForm, show } from './statistics.ts';
import { table } from '../../report/table.ts';

/** Markdown with aligned tables, which also reads well in a terminal. */
export function toMarkdown({ date, machine, settings, startUp, subjects }: OrdersReport): string {
  const [bare, service] = subjects;
  const columns = ['', ...figureNames.map((figure) => figures[figure].title), 'round trips', 'in PostgreSQL'];
  const rows = subjects.map((subject) => [
    subject.name,
    ...figureNames.map((figure) => show(subject.figures[figure], figures[figure])),
    subject.roundTripsPerOrder.toFixed(3),
    `${subject.statementTimePerOrder.toFixed(0)} µs`,
  ]);
  const ratioRows = subjects.flatMap(({ name, ratios: over }) =>
    over
      ? [[`${name} ÷ ${bare?.name}`, ...figureNames.map((figure) => show(over[figure], ratioForm)), '', '']]
      : [],
  );
  const throughput = service?.ratios?.requestsPerSecond.median ?? Number.NaN;
  const roundTrips = service?.roundTripsPerOrder ?? Number.NaN;

  return `# What an order costs

\`npm run bench:orders\` on ${date}: ${machine.cores} cores (${machine.processor}), ${machine.platform}, Node ${machine.node},
load average ${machine.loadBefore.toFixed(2)} before the start. ${settings.rounds} rounds of ${settings.seconds} s per subject, interleaved, ${settings.connections} connections.
Each figure is the median over the rounds (minimum – maximum); ratios are taken round by round.

${table([columns, ...rows, ...ratioRows])}

| goal | measured | |
|---|---|---|
${[
  ['throughput at least 0.85 of the bare handler', throughput.toFixed(2), throughput >= 0.85],
  [
    'two database round trips per order',
    `${roundTrips.toFixed(3)}; besides, ${service?.otherStatements} statements of the settlement worker in total`,
    roundTrips.toFixed(3) === '2.000',
  ],
  [
    'first order paid within 3 s of `npm start`, data folder warm',
    `${show(startUp.warm, secondsForm)}; cold ${startUp.cold.toFixed(2)} s`,
    startUp.warm.median <= 3,
  ],
]
  .map(([goal, value, met]) => `| ${goal} | ${value} | ${met === true ? 'met' : '**missed**'} |`)
  .join('\n')}

The bare handler checks the same schema, stores the same row, makes the same charge and gives the same answer, without API
keys, idempotency, timeouts, retries, a circuit breaker, logs or metrics. All subjects share one embedded PostgreSQL, each with
its own database, and one payment gateway simulator. Load generator, simulator and PostgreSQL share the cores with the
subject, so req/s is a figure of the whole machine; CPU per request is that of the subject's process alone. Commits do not wait
for the disk (\`synchronous_commit=off\`, \`fsync=off\`), because that wait would hide the difference between the subjects. The
log goes to a file. Round trips are the statements counted by PostgreSQL (\`pg_stat_statements\`) per order, and the next column is
the time it spent in them.
`;
}

const secondsForm = { unit: ' s', digits: 2 };
