import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { Client } from 'pg';
import { request } from 'undici';
import { describeMachine } from '../../report/machine.ts';
import { table } from '../../report/table.ts';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { apiKey, Customers, sampleOrder } from '../shared/load.ts';
import { readArguments, roundArguments, toOptions } from '../shared/options.ts';
import { startProcess } from '../shared/processes.ts';
import { quantile, ratioForm, ratios, show, spreadOf } from '../shared/statistics.ts';
import { environmentOf } from '../shared/subjects.ts';
import { startSurroundings } from '../shared/surroundings.ts';

/** What orders notice when another order of their shared statement waits for a lock that a foreign session holds. */

const usage = `npm run bench:locks -- [options]

  --rounds <n>        pairs of rounds, with and without the lock (default 7)
  --seconds <n>       measured seconds per round (default 4)
  --connections <n>   connections of the neighbours (default 32)
  --out <folder>      also write locks.md and locks.json there, for example docs/benchmarks
  --help              show this help
`;

/** Neighbours' orders a second: enough that several share a statement, and well below what the machine can do. */
const rate = 400;
/** Milliseconds between two orders that want the locked row. Each of them holds a connection while it waits. */
const pause = 500;

interface Latencies {
  p50: number;
  p99: number;
}

await runBenchmark(async (signal) => {
  const values = readArguments(usage, roundArguments);
  if (values === undefined) return;
  const { rounds, seconds, connections } = toOptions(values);
  const machine = describeMachine();
  await using parts = new AsyncDisposableStack();
  const { folder, server, simulator } = parts.use(await startSurroundings('locks'));
  const database = parts.use(await server.createDatabase('locked_row'));
  const service = parts.use(
    await startProcess({
      script: 'src/main.ts',
      env: { ...environmentOf(database, simulator), OTEL_SDK_DISABLED: 'true' },
      logFile: path.join(folder, 'service.log'),
    }),
  );
  const session = new Client({ connectionString: database.url });
  await session.connect();
  parts.defer(() => session.end());
  const customers = parts.use(new Customers(service.url, connections, signal));
  await customers.order(3);

  const neighbours = async (): Promise<Latencies> => {
    const { latencies } = await customers.order(seconds, rate);
    return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
  };
  const free: Latencies[] = [];
  const locked: Latencies[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await database.tidy();
    free.push(await neighbours());
    await session.query('BEGIN');
    const key = randomUUID();
    await claimKey(session, key);
    const { result, waited } = await whileOrdersWait({ url: service.url, key }, neighbours);
    await session.query('ROLLBACK');
    if (waited === 0) throw new Error('No order waited for the lock.');
    locked.push(result);
    say(
      `round ${round} of ${rounds}: p99 ${free.at(-1)?.p99.toFixed(1)} ms, ${locked.at(-1)?.p99.toFixed(1)} ms beside ${waited} orders that wait`,
    );
  }

  const column = (latencies: readonly Latencies[], name: keyof Latencies) =>
    latencies.map((each) => each[name]);
  const figures = (['p50', 'p99'] as const).map((name) => ({
    name,
    free: spreadOf(column(free, name)),
    locked: spreadOf(column(locked, name)),
    ratio: ratios(column(locked, name), column(free, name)),
  }));
  const form = { unit: ' ms', digits: 1 };
  const markdown = `# Beside an order that waits for a lock

Neighbours place ${rate} orders a second at fixed times over ${connections} connections. Another session holds the lock on one idempotency key,
and an order with that key arrives every ${pause} ms, so that a shared statement meets the lock again and again.

${table([
  ['neighbours', 'nothing is locked', 'one row is locked', 'ratio'],
  ...figures.map(({ name, ratio, ...of }) => [
    name,
    show(of.free, form),
    show(of.locked, form),
    show(ratio, ratioForm),
  ]),
])}

A shared statement waits for a lock for 50 ms at most; then each of its orders runs alone, and only the order that wants the locked
row goes on waiting. Median (minimum – maximum) of ${rounds} pairs of rounds of ${seconds} s. ${new Date().toISOString().slice(0, 10)}:
${machine.cores} cores (${machine.processor}), ${machine.platform}, Node ${machine.node}. Written by
\`npm run bench:locks -- --out docs/benchmarks\`.
`;
  say(`\n${markdown}`);
  if (values.out !== undefined)
    await writeReport(values.out, { 'locks.md': markdown, 'locks.json': { machine, figures } });
});

/** Claims the idempotency key in a transaction that stays open: whoever inserts it has to wait for its end. */
async function claimKey(session: Client, key: string): Promise<void> {
  await session.query(
    `INSERT INTO orders (id, client_id, idempotency_key, request_hash, customer_id, currency, items, total_minor, status,
       payment_token, due_at, created_at, updated_at)
     VALUES ($1, 'bench', $2, '\\x00', 'cus_42', 'EUR', '[]', 0, 'pending', 'tok', now(), now(), now())`,
    [randomUUID(), key],
  );
}

/** Sends orders with the locked key until `work` ends. Returns how many the lock held up. */
async function whileOrdersWait<T>(
  target: { url: string; key: string },
  work: () => Promise<T>,
): Promise<{ result: T; waited: number }> {
  const done = new AbortController();
  const orders: Array<Promise<number>> = [];
  const arrivals = setInterval(() => orders.push(order(target, done.signal)), pause);
  try {
    const result = await work();
    clearInterval(arrivals);
    done.abort();
    const statuses = await Promise.all(orders);
    return { result, waited: statuses.filter((status) => status !== 201).length };
  } finally {
    clearInterval(arrivals);
  }
}

/** Resolves with the status, or 0 if the order still waits at the end of the round. */
async function order({ url, key }: { url: string; key: string }, signal: AbortSignal): Promise<number> {
  try {
    const { statusCode, body } = await request(`${url}/orders`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${apiKey}`,
        'idempotency-key': key,
      },
      body: JSON.stringify(sampleOrder),
      signal,
    });
    await body.dump();
    return statusCode;
  } catch {
    return 0;
  }
}
