import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { say } from '../shared/command.ts';
import { BenchFailure } from '../shared/failure.ts';
import { Customers } from '../shared/load.ts';
import { type BenchProcess, type MemoryInUse, startProcess } from '../shared/processes.ts';
import { type Exporter, startReceiver } from './exporter.ts';
import { environmentOf } from '../shared/subjects.ts';
import type { Surroundings } from '../shared/surroundings.ts';

export interface SoakSettings {
  /** Orders a second. */
  rate: number;
  minutes: number;
}

export interface SoakRun {
  exporter: Exporter;
  orders: number;
  /** Orders that were not answered with 201. */
  failed: number;
  samples: Sample[];
  /** Spans and log records that were dropped, by signal and reason. */
  dropped: Record<string, number>;
}

/** Memory in use after a full garbage collection, in bytes. */
export interface Sample extends MemoryInUse {
  /** Seconds since the load began. */
  at: number;
  /** The heap just before the collection, from the service's metrics. */
  heapBefore: number;
}

/** Seconds between two samples. */
const interval = 10;

/** Runs one service with all telemetry on under a steady load. */
export async function soak(
  exporter: Exporter,
  settings: SoakSettings,
  { server, simulator, folder }: Surroundings,
  signal: AbortSignal,
): Promise<SoakRun> {
  await using parts = new AsyncDisposableStack();
  const receiver = parts.use(await startReceiver(exporter, folder));
  const database = parts.use(await server.createDatabase(`soak_${exporter}`));
  const service = parts.use(
    await startProcess({
      script: 'src/main.ts',
      preload: 'src/telemetry/sdk.ts',
      env: {
        ...environmentOf(database, simulator),
        OTEL_TRACES_SAMPLER: 'always_on',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_LOGS_EXPORTER: 'otlp',
      },
      logFile: path.join(folder, `${exporter}.log`),
    }),
  );
  const run: SoakRun = { exporter, orders: 0, failed: 0, samples: [], dropped: {} };
  const customers = parts.use(new Customers(service.url, 32, signal));
  const stopped = new AbortController();
  const load = placeOrders(run, customers, settings.rate, AbortSignal.any([stopped.signal, signal]));

  const startedAt = performance.now();
  for (let due = interval; due <= settings.minutes * 60; due += interval) {
    await delay(startedAt + due * 1000 - performance.now(), undefined, { signal });
    const heapBefore = (await scrape(service)).get('nodejs_heap_size_used_bytes') ?? Number.NaN;
    run.samples.push({ at: due, heapBefore, ...(await service.memoryInUse()) });
    await request(`${simulator.url}/ledger`, { method: 'DELETE' }).then(({ body }) => body.dump());
    if (due % 60 === 0) await database.tidy();
    if (due % 30 === 0) showProgress(run);
  }
  stopped.abort();
  await load;
  run.dropped = droppedIn(await scrape(service));
  return run;
}

/** Open loop: places orders on schedule, whether or not earlier ones are answered. Resolves once all are answered. */
async function placeOrders(
  run: SoakRun,
  customers: Customers,
  rate: number,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  const inFlight = new Set<Promise<void>>();
  while (!signal.aborted) {
    while (run.orders < ((performance.now() - startedAt) / 1000) * rate) {
      run.orders += 1;
      const order = place(run, customers).finally(() => inFlight.delete(order));
      inFlight.add(order);
    }
    await delay(1000 / rate);
  }
  await Promise.all(inFlight);
}

async function place(run: SoakRun, customers: Customers): Promise<void> {
  try {
    await customers.one();
  } catch (error) {
    run.failed += 1;
    if (run.failed === 1) say(`${run.exporter}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The samples of `/metrics`, by name and labels as written there. Exemplars are left out. */
async function scrape({ adminUrl }: BenchProcess): Promise<Map<string, number>> {
  if (adminUrl === undefined) throw new BenchFailure('The service has no admin listener.');
  const { body } = await request(`${adminUrl}/metrics`);
  const lines = (await body.text()).split('\n').filter((line) => !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const [name = '', value] = line.split(/ (?=[^ {}]+(?: #.*)?$)/);
      return [name, Number.parseFloat(value ?? '')];
    }),
  );
}

function droppedIn(metrics: ReadonlyMap<string, number>): Record<string, number> {
  const found = [...metrics].flatMap(([name, value]) => {
    const [, signal, reason] = /^telemetry_dropped_total\{signal="(\w+)",reason="(\w+)"\}$/.exec(name) ?? [];
    return value > 0 && signal !== undefined ? [[`${signal} ${reason}`, value] as const] : [];
  });
  return Object.fromEntries(found);
}

export const mebibyte = 2 ** 20;

function showProgress({ exporter, orders, failed, samples }: SoakRun): void {
  const { at = 0, heap = 0, resident = 0 } = samples.at(-1) ?? {};
  const time = `${Math.floor(at / 60)}:${String(at % 60).padStart(2, '0')}`;
  const memory = `heap ${(heap / mebibyte).toFixed(1)} MiB, RSS ${(resident / mebibyte).toFixed(0)} MiB`;
  say(`${exporter.padEnd(12)} ${time}  ${orders} orders${failed > 0 ? `, ${failed} failed` : ''}, ${memory}`);
}
