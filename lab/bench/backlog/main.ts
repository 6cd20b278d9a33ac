import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { describeMachine } from '../../report/machine.ts';
import { table } from '../../report/table.ts';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { Customers } from '../shared/load.ts';
import { readArguments, wholeNumber } from '../shared/options.ts';
import { startProcess } from '../shared/processes.ts';
import { quantile } from '../shared/statistics.ts';
import { environmentOf } from '../shared/subjects.ts';
import { startSurroundings } from '../shared/surroundings.ts';

/** How long the settlement worker takes to drain a backlog, and how that affects live traffic. */

const usage = `npm run bench:backlog -- [options]

  --orders <n>    pending orders to drain (default 10000)
  --rate <n>      live orders a second, in an open loop (default 50)
  --out <folder>  also write backlog.md and backlog.json there, for example docs/benchmarks
  --help          show this help
`;

interface Options {
  backlog: number;
  rate: number;
}

/** Seconds of live traffic without a backlog, for comparison. */
const baseline = 10;

await runBenchmark(async (signal) => {
  const values = readArguments(process.argv.slice(2), {
    orders: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '50' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const options = {
    backlog: wholeNumber('--orders', values.orders, 1_000_000),
    rate: wholeNumber('--rate', values.rate, 1000),
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
  const { folder, server, simulator } = parts.use(await startSurroundings('backlog'));
  const database = parts.use(await server.createDatabase('backlog'));
  const service = parts.use(
    await startProcess({
      script: 'src/main.ts',
      env: {
        ...environmentOf(database, simulator),
        OTEL_SDK_DISABLED: 'true',
        // With a full backlog the service would refuse live orders.
        MAX_PENDING_ORDERS: String(options.backlog * 2),
      },
      logFile: path.join(folder, 'service.log'),
    }),
  );
  const client = new Client({ connectionString: database.url });
  await client.connect();
  parts.defer(() => client.end());

  const customers = parts.use(new Customers(service.url, 32, signal));
  say('warming up');
  await customers.order(3);
  say(`${options.rate} orders a second for ${baseline} s, without a backlog`);
  const before = await liveTraffic(customers, options.rate, () =>
    delay(baseline * 1000, undefined, { signal }),
  );

  say(`the same with a backlog of ${options.backlog} orders`);
  await plantBacklog(client, options.backlog);
  const startedAt = performance.now();
  const during = await liveTraffic(customers, options.rate, async () => {
    while ((await pendingOrders(client)) > 0) await delay(50, undefined, { signal });
  });
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    date: new Date().toISOString(),
    machine,
    ...options,
    seconds,
    ordersPerSecond: options.backlog / seconds,
    liveMilliseconds: { before: summaryOf(before), during: summaryOf(during) },
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

async function plantBacklog(client: Client, orders: number): Promise<void> {
  await client.query(
    `INSERT INTO orders (id, client_id, request_hash, customer_id, currency, items, total_minor, status,
       payment_token, held, due_at, created_at, updated_at)
     SELECT uuidv7(), 'bench', sha256(n::text::bytea), 'cus_' || n % 500, 'EUR',
       '[{"sku":"TEA-001","quantity":2,"unitPriceMinor":450}]', 900, 'pending', 'tok_visa', false, now(), now(), now()
     FROM generate_series(1, $1::int) AS n`,
    [orders],
  );
}

/** Pending orders, without those whose first request is still in flight. */
async function pendingOrders(client: Client): Promise<number> {
  const { rows } = await client.query<{ pending: number }>(
    'SELECT count(*)::int AS pending FROM orders WHERE due_at IS NOT NULL AND NOT (round = 1 AND held)',
  );
  return rows[0]?.pending ?? 0;
}

function summaryOf(latencies: readonly number[]) {
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), requests: latencies.length };
}

function toMarkdown({
  date,
  machine,
  backlog,
  rate,
  seconds,
  ...report
}: Awaited<ReturnType<typeof run>>): string {
  const row = (name: string, { p50, p99, requests }: ReturnType<typeof summaryOf>) => [
    name,
    `${p50.toFixed(1)} ms`,
    `${p99.toFixed(1)} ms`,
    String(requests),
  ];
  return `# Draining a backlog

${backlog} pending orders were drained in ${seconds.toFixed(1)} s (${report.ordersPerSecond.toFixed(0)} a second) by one
replica with the default settings, while ${rate} live orders a second arrived in an open loop.

${table([
  ['live orders', 'p50', 'p99', 'requests'],
  row('without a backlog', report.liveMilliseconds.before),
  row('while it drained', report.liveMilliseconds.during),
])}

${date.slice(0, 10)}: ${machine.cores} cores (${machine.processor}), ${machine.platform}, Node ${machine.node}. Written by
\`npm run bench:backlog -- --out docs/benchmarks\`.
`;
}
