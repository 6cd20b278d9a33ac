import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { say } from './command.ts';
import { type BenchServer, startServer } from './database.ts';
import type { BenchProcess } from './processes.ts';
import { startSimulator } from './subjects.ts';

/** What every benchmark starts before the service. Disposing stops it in reverse order. */
export interface Surroundings extends AsyncDisposable {
  /** Temporary; holds the data of Postgres and the logs. */
  folder: string;
  server: BenchServer;
  simulator: BenchProcess;
}

/**
 * @param name of the benchmark, for the name of its folder
 * @param options.durable whether commits wait for the disk; default false, because the wait hides other differences
 */
export async function startSurroundings(
  name: string,
  { durable = false }: { durable?: boolean } = {},
): Promise<Surroundings> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), `orders-${name}-`));
  started.defer(() => rm(folder, { recursive: true }));
  say('starting PostgreSQL and the payment gateway simulator');
  const server = started.use(await startServer(path.join(folder, 'data'), { durable }));
  const simulator = started.use(await startSimulator(folder));
  const owned = started.move();
  return { folder, server, simulator, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
