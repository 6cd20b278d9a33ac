import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { describeMachine } from '../../report/machine.ts';
import { table } from '../../report/table.ts';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { Customers } from '../shared/load.ts';
import { readArguments } from '../shared/options.ts';
import { wholeNumber } from '../../harness/whole-number.ts';
import { startProcess } from '../shared/processes.ts';
import { quantile, ratioForm, ratios, show, type Spread, spreadOf } from '../shared/statistics.ts';
import { environmentOf } from '../shared/subjects.ts';
import { startSurroundings, type Surroundings } from '../shared/surroundings.ts';

/** How long the settlement worker takes to drain a backlog, and how that affects live traffic. */

const usage = `npm run bench:backlog -- [options]

  --orders <n>        pending orders to drain (default 10000)
  --rate <n>          live orders a second, in an open loop (default 50)
  --rounds <n>        rounds per build (default 3)
  --before <folder>   checkout of an earlier build, with its dependencies installed, that is measured beside this one
  --out <folder>      also write backlog.md and backlog.json there, for example docs/benchmarks
  --help              show this help
`;

interface Options {
  backlog: number;
  rate: number;
  rounds: number;
  /** Folder of an earlier build. */
  before: string | undefined;
}

/** Seconds of live traffic without a backlog, for comparison. */
const baseline = 5;

/** Without the orders whose first request is still in flight. */
const isPending = 'due_at IS NOT NULL AND NOT (round = 1 AND held)';
/** Leased, or settled by now. */
const isTaken = 'round > 1';

let nextDatabase = 1;

interface Round {
  /** From the first order that was leased until no order was pending. */
  seconds: number;
  /** Latencies of live orders in milliseconds. */
  without: Latencies;
  during: Latencies;
}

interface Latencies {
  p50: number;
  p99: number;
}

interface Figures {
  name: string;
  seconds: Spread;
  without: { p50: Spread; p99: Spread };
  during: { p50: Spread; p99: Spread };
}

await runBenchmark(async (signal) => {
  const values = readArguments(usage, {
    orders: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '50' },
    rounds: { type: 'string', default: '3' },
    before: { type: 'string' },
  });
  if (values === undefined) return;
  const options = {
    backlog: wholeNumber('--orders', values.orders, 1, 1_000_000),
    rate: wholeNumber('--rate', values.rate, 1, 1000),
    rounds: wholeNumber('--rounds', values.rounds, 1, 100),
    before: values.before,
  };
  const report = await run(options, signal);
  const markdown = toMarkdown(report);
  say(`\n${markdown}`);
  if (values.out !== undefined)
    await writeReport(values.out, { 'backlog.md': markdown, 'backlog.json': report });
});

async function run(options: Options, signal: AbortSignal) {
  const machine = describeMachine();
  await using parts = new AsyncDisposableStack();
  const surroundings = parts.use(await startSurroundings('backlog'));
  const builds = [{ name: 'this build', folder: '' }];
  if (options.before !== undefined) builds.unshift({ name: 'build before', folder: options.before });
  const rounds = new Map<string, Round[]>(builds.map(({ name }) => [name, []]));
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const { name, folder } of builds) {
      const figures = await drainOnce(
        surroundings,
        { name, script: path.resolve(folder, 'src/main.ts') },
        options,
        signal,
      );
      rounds.get(name)?.push(figures);
      say(`round ${round} of ${options.rounds}: ${name.padEnd(12)} ${figures.seconds.toFixed(1)} s`);
    }
  }
  const secondsOf = (name: string) => rounds.get(name)?.map(({ seconds }) => seconds) ?? [];
  return {
    date: new Date().toISOString(),
    machine,
    ...options,
    builds: builds.map(({ name }) => describe(name, rounds.get(name) ?? [])),
    ...(options.before !== undefined && {
      timesAsFast: ratios(secondsOf('build before'), secondsOf('this build')),
    }),
  };
}

/** One round, with a process and a database of its own, so that no round inherits a table full of settled orders. */
async function drainOnce(
  { folder, server, simulator }: Surroundings,
  { name, script }: { name: string; script: string },
  { backlog, rate }: Options,
  signal: AbortSignal,
): Promise<Round> {
  await using parts = new AsyncDisposableStack();
  const database = parts.use(await server.createDatabase(`backlog_${nextDatabase++}`));
  const process = parts.use(
    await startProcess({
      script,
      env: {
        ...environmentOf(database, simulator),
        OTEL_SDK_DISABLED: 'true',
        // With a full backlog the service would refuse live orders.
        MAX_PENDING_ORDERS: String(backlog * 2),
      },
      logFile: path.join(folder, `${name}.log`),
    }),
  );
  const client = new Client({ connectionString: database.url });
  await client.connect();
  parts.defer(() => client.end());

  const customers = parts.use(new Customers(process.url, 32, signal));
  await customers.order(3);
  const without = await liveTraffic(customers, rate, () => delay(baseline * 1000, undefined, { signal }));
  await plantBacklog(client, backlog);
  // A worker that is idle looks once per poll interval, so the wait for it says nothing of the drain.
  while (!(await some(client, isTaken))) await delay(5, undefined, { signal });
  const startedAt = performance.now();
  const during = await liveTraffic(customers, rate, async () => {
    while (await some(client, isPending)) await delay(50, undefined, { signal });
  });
  return {
    seconds: (performance.now() - startedAt) / 1000,
    without: summaryOf(without),
    during: summaryOf(during),
  };
}

function describe(name: string, rounds: readonly Round[]): Figures {
  const live = (of: (round: Round) => Latencies) => ({
    p50: spreadOf(rounds.map((round) => of(round).p50)),
    p99: spreadOf(rounds.map((round) => of(round).p99)),
  });
  return {
    name,
    seconds: spreadOf(rounds.map(({ seconds }) => seconds)),
    without: live(({ without }) => without),
    during: live(({ during }) => during),
  };
}

/** Places orders in an open loop until `meanwhile` resolves. Returns their latencies in milliseconds, ascending. */
async function liveTraffic(
  customers: Customers,
  rate: number,
  meanwhile: () => Promise<void>,
): Promise<number[]> {
  const orders: Array<Promise<number>> = [];
  const arrivals = setInterval(() => orders.push(customers.one()), 1000 / rate);
  try {
    await meanwhile();
  } finally {
    clearInterval(arrivals);
  }
  const latencies = await Promise.all(orders);
  return latencies.toSorted((a, b) => a - b);
}

/** With statistics of the table, which autovacuum collects elsewhere. */
async function plantBacklog(client: Client, orders: number): Promise<void> {
  await client.query('BEGIN');
  await client.query(
    `INSERT INTO orders (id, client_id, request_hash, customer_id, currency, items, total_minor, status,
       payment_token, held, due_at, created_at, updated_at)
     SELECT uuidv7(), 'bench', sha256(n::text::bytea), 'cus_' || n % 500, 'EUR',
       '[{"sku":"TEA-001","quantity":2,"unitPriceMinor":450}]', 900, 'pending', 'tok_visa', false, now(), now(), now()
     FROM generate_series(1, $1::int) AS n`,
    [orders],
  );
  await client.query('ANALYZE orders');
  await client.query('COMMIT');
}

/** Not their number: to count them takes a quarter of a core from what is measured. */
async function some(client: Client, condition: string): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    `SELECT EXISTS (SELECT FROM orders WHERE ${condition}) AS found`,
  );
  return rows[0]?.found === true;
}

function summaryOf(latencies: readonly number[]): Latencies {
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}

function toMarkdown(report: Awaited<ReturnType<typeof run>>): string {
  const { date, machine, backlog, rate, rounds, builds } = report;
  const milliseconds = { unit: ' ms', digits: 1 };
  const rows = builds.map(({ name, seconds, without, during }) => [
    name,
    show(seconds, { unit: ' s', digits: 1 }),
    (backlog / seconds.median).toFixed(0),
    show(without.p50, milliseconds),
    show(during.p50, milliseconds),
    show(without.p99, milliseconds),
    show(during.p99, milliseconds),
  ]);
  const comparison =
    report.timesAsFast === undefined
      ? ''
      : `
This build drains ${show(report.timesAsFast, ratioForm)} times as fast as the build before (goal: at least 2).
`;
  return `# Draining a backlog

${backlog} pending orders are drained by one replica with the default settings, while ${rate} live orders a second arrive in an
open loop. Live orders are measured before and while the backlog drains. The time runs from the first order that the worker
leases until none is pending.

${table([
  ['', 'drained in', 'orders a second', 'p50 before', 'p50 while', 'p99 before', 'p99 while'],
  ...rows,
])}
${comparison}
Median (minimum – maximum) of ${rounds} interleaved rounds, each with a new process and database. ${date.slice(0, 10)}:
${machine.cores} cores (${machine.processor}), ${machine.platform}, Node ${machine.node}. Written by
\`npm run bench:backlog -- --out docs/benchmarks\`.
`;
}
