import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { request } from 'undici';
import { pathOf } from '../../harness/path-of.ts';
import { scrapeMetrics } from '../../harness/exposition.ts';
import { describeMachine } from '../../report/machine.ts';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { BenchFailure } from '../shared/failure.ts';
import { apiKey, Customers } from '../shared/load.ts';
import { readArguments } from '../shared/options.ts';
import { wholeNumber } from '../../harness/whole-number.ts';
import { startProcess } from '../shared/processes.ts';
import { environmentOf } from '../shared/subjects.ts';
import { startSurroundings, type Surroundings } from '../shared/surroundings.ts';
import { nextOrder } from './orders.ts';
import { startPrometheus } from './prometheus.ts';
import { startReceiver } from './receiver.ts';
import { type CostReport, type MetricsCost, type RunCost, toMarkdown } from './report.ts';
import { sizePerOrder } from './size.ts';

/** Measures how many bytes the telemetry of an order takes to keep. */

const usage = `npm run bench:telemetry-cost -- [options]

  --rate <n>       orders a second (default 100)
  --seconds <n>    length of each run that measures traces and logs (default 15)
  --scrapes <n>    scrapes by Prometheus, two a second (default 240)
  --out <folder>   also write telemetry-cost.md there, such as docs
  --help           show this
`;

const settings = [
  { name: 'lean, 100 %', id: 'lean_100', madeBy: 'lean', share: 1 },
  { name: 'lean, 10 %', id: 'lean_10', madeBy: 'lean', share: 0.1 },
  { name: 'auto, 100 %', id: 'auto_100', madeBy: 'auto', share: 1 },
] as const;
type Setting = (typeof settings)[number];

/** Milliseconds between two scrapes. A shorter interval only makes the counters grow less in between. */
const scrapeInterval = 500;
const connections = 16;

async function startService(
  { folder, server, simulator }: Surroundings,
  { id, madeBy, share }: Setting | (Omit<Setting, 'id' | 'name'> & { id: string }),
  receiverUrl: string,
) {
  await using parts = new AsyncDisposableStack();
  const database = parts.use(await server.createDatabase(id));
  const logFile = path.join(folder, `${id}.log`);
  const service = parts.use(
    await startProcess({
      script: 'src/main.ts',
      preload: 'src/telemetry/sdk.ts',
      env: {
        ...environmentOf(database, simulator),
        TELEMETRY_INSTRUMENTATION: madeBy,
        OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
        OTEL_TRACES_SAMPLER_ARG: String(share),
        OTEL_EXPORTER_OTLP_ENDPOINT: receiverUrl,
        OTEL_LOGS_EXPORTER: 'otlp',
      },
      logFile,
    }),
  );
  const owned = parts.move();
  return { service, logFile, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Traces and logs of one setting. */
async function measureRun(
  setting: Setting,
  load: { rate: number; seconds: number },
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<RunCost> {
  say(`${setting.name}: ${load.seconds} s`);
  await using receiver = await startReceiver();
  const started = await startService(surroundings, setting, receiver.url);
  const ownLines = (await readFile(started.logFile)).length;
  let orders: number;
  try {
    await using customers = new Customers(started.service.url, connections, signal, nextOrder);
    ({ requests: orders } = await customers.order(load.seconds, load.rate));
  } finally {
    // The service sends its queued spans when it ends.
    await started[Symbol.asyncDispose]();
  }
  const lines = (await readFile(started.logFile)).subarray(ownLines);
  const { traces, logs } = receiver;
  if (lines.length === 0 || traces.items === 0 || logs.items < orders) {
    throw new BenchFailure(`${setting.name} lost telemetry.`);
  }
  return {
    name: setting.name,
    orders,
    spans: traces.items / orders,
    traces: sizePerOrder(Buffer.concat(traces.requests), orders),
    lines: sizePerOrder(lines, orders),
    records: sizePerOrder(Buffer.concat(logs.requests), orders),
  };
}

async function measureMetrics(
  { rate, scrapes }: { rate: number; scrapes: number },
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<MetricsCost> {
  await using receiver = await startReceiver();
  const setting = { id: 'metrics', madeBy: 'lean', share: 0.1 } as const;
  await using started = await startService(surroundings, setting, receiver.url);
  const { url, adminUrl } = started.service;
  if (adminUrl === undefined) throw new BenchFailure('The service has no admin listener.');
  const atStart = await countSeries(adminUrl);
  await callEveryRoute(url);

  const command = pathOf('prometheus');
  const folder = surroundings.folder;
  const seconds = (scrapes * scrapeInterval) / 1000;
  await using prometheus =
    command === undefined
      ? undefined
      : await startPrometheus(command, { folder, target: adminUrl, interval: scrapeInterval });
  say(
    prometheus ? `metrics: ${seconds} s` : 'prometheus is not on the PATH: series are counted, bytes are not',
  );
  await using customers = new Customers(url, connections, signal, nextOrder);
  await customers.order(prometheus ? seconds : 1, rate);
  return { atStart, inUse: await countSeries(adminUrl), block: await prometheus?.writeBlock() };
}

async function countSeries(adminUrl: string): Promise<number> {
  return (await scrapeMetrics(adminUrl)).samples.length;
}

/** A client's first day: each route with success and with the mistakes that clients make. */
async function callEveryRoute(url: string): Promise<void> {
  const authorization = `Bearer ${apiKey}`;
  const json = { authorization, 'content-type': 'application/json' };
  const call = async (
    method: 'GET' | 'POST',
    route: string,
    headers = {},
    body?: string,
  ): Promise<string> => {
    const response = await request(url + route, { method, headers, body: body ?? null });
    return response.body.text();
  };
  const key = { ...json, 'idempotency-key': 'cost-1' };
  const order = nextOrder();
  const { id } = JSON.parse(await call('POST', '/orders', key, order)) as { id: string };
  await call('POST', '/orders', key, order);
  await call('POST', '/orders', key, nextOrder());
  await call('POST', '/orders', json, order);
  await call('POST', '/orders', { ...json, 'idempotency-key': 'cost-2' }, '{}');
  await call('POST', '/orders', { 'content-type': 'application/json' }, order);
  await call('GET', `/orders/${id}`, { authorization });
  await call('GET', '/orders/0190b6a0-0000-7000-8000-000000000000', { authorization });
  await call('GET', '/orders?limit=2', { authorization });
  await call('GET', '/orders?limit=0', { authorization });
  await call('POST', `/orders/${id}/cancel`, { authorization });
  await call('GET', '/nowhere');
}

async function run(
  options: { rate: number; seconds: number; scrapes: number },
  signal: AbortSignal,
): Promise<CostReport> {
  const machine = describeMachine();
  await using surroundings = await startSurroundings('telemetry-cost');
  const runs: RunCost[] = [];
  for (const setting of settings) runs.push(await measureRun(setting, options, surroundings, signal));
  const metrics = await measureMetrics(options, surroundings, signal);
  return { date: new Date().toISOString().slice(0, 10), machine, options, runs, metrics };
}

await runBenchmark(async (signal) => {
  const values = readArguments(usage, {
    rate: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '15' },
    scrapes: { type: 'string', default: '240' },
  });
  if (values === undefined) return;
  const options = {
    rate: wholeNumber('--rate', values.rate, 1, 10_000),
    seconds: wholeNumber('--seconds', values.seconds, 1, 3600),
    scrapes: wholeNumber('--scrapes', values.scrapes, 1, 10_000),
  };
  const markdown = toMarkdown(await run(options, signal));
  say(`\n${markdown}`);
  if (values.out !== undefined) await writeReport(values.out, { 'telemetry-cost.md': markdown });
});
