import { warmUpConnections } from './measure.ts';
import { type Figure, figureNames, figures, type OrdersReport, type SubjectReport } from './report.ts';
import { ratioForm, ratios, show, showMedian, type Spread } from './statistics.ts';
import { table } from '../../report/table.ts';

/** Markdown with aligned tables, which also reads well in a terminal. */
export function toMarkdown({
  date,
  machine,
  settings,
  startUp,
  subjects,
  durable,
  processes,
  commits,
}: OrdersReport): string {
  const [bare, service] = subjects;
  const before = subjects.find(({ name }) => name === 'build before');
  const rust = subjects.find(({ name }) => name === 'rust');
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
  for (const other of [before, rust]) {
    if (service === undefined || other === undefined) continue;
    const over = figureNames.map((figure) => show(ratioOf(service, other, figure), ratioForm));
    ratioRows.push([`service ÷ ${other.name}`, ...over, '', '']);
  }
  /** So few that orders hardly ever wait for each other: here sharing must cost nothing. */
  const fewConnections = settings.connections <= 4;
  const least = durable ? 1.5 : 1.3;
  const goals: Goal[] = [
    [
      'first order paid within 3 s of `npm start`, data folder warm',
      `${show(startUp.warm, secondsForm)}; cold ${startUp.cold.toFixed(2)} s`,
      startUp.warm.median <= 3,
    ],
  ];
  if (!fewConnections && service?.ratios) {
    const { requestsPerSecond, cpuPerRequest } = service.ratios;
    goals.unshift(
      atLeast(least, 'throughput', requestsPerSecond, 'the bare handler'),
      atMost(0.95, 'CPU per request', cpuPerRequest, 'the bare handler'),
    );
  }
  if (service && before && fewConnections) {
    goals.push(atMost(1.03, 'median latency', ratioOf(service, before, 'p50'), 'the build before'));
  } else if (service && before) {
    const time = service.statementTimePerOrder / before.statementTimePerOrder;
    goals.push(
      atLeast(1.65, 'throughput', ratioOf(service, before, 'requestsPerSecond'), 'the build before'),
      ["PostgreSQL's time per order at most 0.5 of the build before", time.toFixed(2), time <= 0.5],
    );
  }
  if (service && rust && !fewConnections)
    goals.push(atLeast(1.15, 'throughput', ratioOf(service, rust, 'requestsPerSecond'), 'the Rust service'));

  const shared = processes === 1 ? '' : ` (${processes} processes of each, one after the other)`;

  return `# What an order costs

\`npm run bench:orders\` on ${date}: ${machine.cores} cores (${machine.processor}), ${machine.platform}, Node ${machine.node},
load average ${machine.loadBefore.toFixed(2)} before the start. ${settings.rounds} rounds of ${settings.seconds} s per subject${shared}, interleaved, ${settings.connections === 1 ? '1 connection' : `${settings.connections} connections`}.
Each figure is the median over the rounds (minimum – maximum); ratios are taken round by round. After a ratio with a goal stands
the interval in which the median of any number of such rounds lies, with a confidence of 95 %.
This build is ${commits.measured}${commits.before === undefined ? '' : `, the build before ${commits.before}`}.

${table([columns, ...rows, ...ratioRows])}

| goal | measured | |
|---|---|---|
${goals.map(([goal, value, met]) => `| ${goal} | ${value} | ${met ? 'met' : '**missed**'} |`).join('\n')}

The bare handler checks the same schema, stores the same row, makes the same charge and gives the same answer, without API
keys, idempotency, timeouts, retries, a circuit breaker, logs or metrics. All subjects share one embedded PostgreSQL, each with
its own database, and one payment gateway simulator. Load generator, simulator and PostgreSQL share the cores with the
subject, so req/s is a figure of the whole machine; CPU per request is that of the subject's process alone. ${durable ? waits : doesNotWait}${settings.connections < warmUpConnections && !durable ? doesNotShed : ''}
The log goes to a file. Round trips are the statements counted by PostgreSQL (\`pg_stat_statements\`) per order, and the next column is
the time it spent in them.
${rust ? rustService : ''}`;
}

type Goal = [goal: string, value: string, met: boolean];

const atLeast = (bound: number, figure: string, ratio: Spread, base: string): Goal => [
  `${figure} at least ${bound} of ${base}`,
  showMedian(ratio, ratioForm),
  ratio.median >= bound,
];

const atMost = (bound: number, figure: string, ratio: Spread, base: string): Goal => [
  `${figure} at most ${bound} of ${base}`,
  showMedian(ratio, ratioForm),
  ratio.median <= bound,
];

const secondsForm = { unit: ' s', digits: 2 };

const waits =
  'Commits wait for the disk\n(`synchronous_commit=on`, `fsync=on`), as in production: orders that share a statement share that wait too.\nAdmission control is off (`ADMISSION=off`), because with a slow disk it sheds what the others would still wait for.';
const doesNotWait =
  'Commits do not wait\nfor the disk (`fsync=off`), because that wait would hide the other differences.';
const doesNotShed =
  '\nAdmission control is off (`ADMISSION=off`), because it would shed orders of the first warm-up, which has 32 connections.';

const rustService = `
The Rust service (\`lab/bench/orders/rust-service\`) is written as guides to axum, tokio-postgres and reqwest show: a statement to
store the order and one to settle it, each prepared once per connection, a pool of 10 connections to PostgreSQL, and keep-alive
connections to the gateway. It checks the API key and the schema, stores the idempotency key, writes a JSON log line per request from a
thread of its own, and records metrics. It has no shared statements, replay of idempotent requests, retries, circuit breaker,
rate limit, admission control, worker for pending orders or protection of personal data. Its CPU time is read from \`/proc\`.
`;

/** Round by round. */
function ratioOf(one: SubjectReport, other: SubjectReport, figure: Figure) {
  const valuesOf = ({ rounds }: SubjectReport) => rounds.map((round) => round[figure]);
  return ratios(valuesOf(one), valuesOf(other));
}
