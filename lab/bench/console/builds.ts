import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Targets } from '../../console/targets.ts';
import { heapEnvironment, heapOptions } from '../../console/heap-options.ts';
import { compileCache } from '../../harness/service-process.ts';
import { type BenchProcess, startProcess } from '../shared/processes.ts';
import { type Kind, kinds } from './batches.ts';
import type { PageFigures } from './shown-page.ts';

/** A console that is measured. */
export interface Build {
  name: string;
  process: BenchProcess;
  /** CPU in microseconds per record, by round. */
  costs: Record<Kind, number[]>;
  /** RSS in MiB after each round. */
  memory: number[];
  pages: PageFigures[];
}

const script = 'lab/console/main.ts';

/**
 * Starts this build, and an earlier one.
 *
 * @param before folder of the earlier one
 */
export async function startBuilds(
  before: string | undefined,
  targets: Targets,
): Promise<AsyncDisposable & { builds: Build[] }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'console-bench-'));
  await using parts = new AsyncDisposableStack();
  parts.defer(() => rm(folder, { recursive: true, force: true }));

  async function start(name: string, file: string, { nodeOptions, env }: HeapSettings): Promise<Build> {
    const options = {
      script: file,
      env: { CONSOLE_PORT: '0', ...compileCache, ...env },
      nodeOptions: ['--disable-warning=ExperimentalWarning', ...nodeOptions],
      logFile: path.join(folder, `${name}.log`),
    };
    // The first start fills the cache of compiled modules, as that of a user does.
    await (await startProcess(options))[Symbol.asyncDispose]();
    const running = parts.use(await startProcess(options));
    running.tell(targets);
    return { name, process: running, ...noFigures(), pages: [] };
  }

  const builds = [await start('this build', script, { nodeOptions: heapOptions, env: heapEnvironment })];
  if (before !== undefined)
    builds.push(await start('build before', path.resolve(before, script), await settingsOf(before)));
  const running = parts.move();
  return { builds, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

export const noFigures = (): Pick<Build, 'costs' | 'memory'> => ({
  costs: Object.fromEntries(kinds.map((kind) => [kind, [] as number[]])) as Build['costs'],
  memory: [],
});

interface HeapSettings {
  nodeOptions: readonly string[];
  env: Readonly<Record<string, string>>;
}

/** What an earlier build starts with. */
async function settingsOf(folder: string): Promise<HeapSettings> {
  const file = path.resolve(folder, 'lab/console/heap-options.ts');
  const module = (await import(file)) as {
    heapOptions: readonly string[];
    heapEnvironment?: HeapSettings['env'];
  };
  return { nodeOptions: module.heapOptions, env: module.heapEnvironment ?? {} };
}
