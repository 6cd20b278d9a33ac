import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client as PgClient } from 'pg';
import { startServer } from './database.ts';
import { apiKey, Customers } from './load.ts';
import { startProcess } from './processes.ts';
import { describeMachine } from './report.ts';
import { quantile } from './statistics.ts';

/** How long the settlement worker takes for a backlog, and what live traffic notices of it meanwhile. */

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '50' },
    out: { type: 'string' },
  },
});
const backlog = Number(values.orders);
const rate = Number(values.rate);
const baselineSeconds = 10;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

await using parts = new AsyncDisposableStack();
const folder = await mkdtemp(path.join(tmpdir(), 'orders-backlog-'));
parts.defer(() => rm(folder, { recursive: true }));
say('starting PostgreSQL, the simulator and the service');
const server = parts.use(await startServer(path.join(folder, 'data')));
const database = parts.use(await server.createDatabase('backlog'));
const simulator = parts.use(
  await startProcess({
    script: 'src/simulator/main.ts',
    env: { SIMULATOR_PORT: '0', LOG_LEVEL: 'silent' },
    logFile: path.join(folder, 'simulator.log'),
  }),
);
const service = parts.use(
  await startProcess({
    script: 'src/main.ts',
    env: {
      NODE_ENV: 'production',
      PORT: '0',
      ADMIN_PORT: '0',
      DATABASE_URL: database.url,
      PAYMENT_GATEWAY_URL: simulator.url,
      API_KEYS: `bench:${apiKey}`,
      OTEL_SDK_DISABLED: 'true',
      // The backlog that is planted is as large as the bound.
      MAX_PENDING_ORDERS: String(backlog * 2),
    },
    logFile: path.join(folder, 'service.log'),
  }),
);
const client = new PgClient({ connectionString: database.url });
await client.connect();
parts.defer(() => client.end());

const customers = parts.use(new Customers(service.url, 32, new AbortController().signal));
say('warming up');
await customers.order(3);
say(`${rate} orders a second for ${baselineSeconds} s, without a backlog`);
const before = await liveTraffic(async () => delay(baselineSeconds * 1000));

say(`the same with a backlog of ${backlog} orders`);
await plantBacklog();
const startedAt = performance.now();
const during = await liveTraffic(async () => {
  while ((await pending()) > 0) await delay(50);
});
const seconds = (performance.now() - startedAt) / 1000;

const report = {
  date: new Date().toISOString(),
  machine: describeMachine(),
  backlog,
  rate,
  seconds,
  ordersPerSecond: backlog / seconds,
  liveMilliseconds: { before: summary(before), during: summary(during) },
};
const markdown = `# Draining a backlog

${backlog} pending orders were drained in ${seconds.toFixed(1)} s (${report.ordersPerSecond.toFixed(0)} a second), by one
replica with the default settings, while ${rate} live orders a second arrived by the clock.

| live orders | p50 | p99 | requests |
|---|---|---|---|
| without a backlog | ${row(before)} |
| while it drained | ${row(during)} |

${report.date}. ${Object.values(report.machine).join(', ')}. Written by \`npm run bench:backlog -- --out docs/benchmarks\`.
`;
say(`\n${markdown}`);
if (values.out !== undefined) {
  await mkdir(values.out, { recursive: true });
  await writeFile(path.join(values.out, 'backlog.md'), markdown);
  await writeFile(path.join(values.out, 'backlog.json'), `${JSON.stringify(report, undefined, 2)}\n`);
}

/** Orders that arrive by the clock for as long as something else takes. Returns their latencies in milliseconds. */
async function liveTraffic(meanwhile: () => Promise<void>): Promise<number[]> {
  const latencies: number[] = [];
  const underWay = new Set<Promise<void>>();
  const arrivals = setInterval(() => {
    const order = customers.one().then((latency) => void latencies.push(latency));
    underWay.add(order);
    void order.finally(() => underWay.delete(order));
  }, 1000 / rate);
  await meanwhile();
  clearInterval(arrivals);
  await Promise.all(underWay);
  return latencies.toSorted((a, b) => a - b);
}

async function plantBacklog(): Promise<void> {
  await client.query(
    `INSERT INTO orders (id, client_id, request_hash, customer_id, currency, items, total_minor, status,
       payment_token, held, due_at, created_at, updated_at)
     SELECT uuidv7(), 'bench', sha256(n::text::bytea), 'cus_' || n % 500, 'EUR',
       '[{"sku":"TEA-001","quantity":2,"unitPriceMinor":450}]', 900, 'pending', 'tok_visa', false, now(), now(), now()
     FROM generate_series(1, $1::int) AS n`,
    [backlog],
  );
}

async function pending(): Promise<number> {
  const { rows } = await client.query<{ pending: number }>(
    `SELECT count(*)::int AS pending FROM orders WHERE due_at IS NOT NULL AND NOT (round = 1 AND held)`,
  );
  return rows[0]?.pending ?? 0;
}

function summary(latencies: readonly number[]) {
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), requests: latencies.length };
}

function row(latencies: readonly number[]): string {
  const { p50, p99, requests } = summary(latencies);
  return `${p50.toFixed(1)} ms | ${p99.toFixed(1)} ms | ${requests}`;
}
