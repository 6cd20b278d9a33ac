import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { say } from '../shared/command.ts';
import { type Backends, newestTrace, valueOf } from './backends.ts';
import { inspectContainers } from './containers.ts';
import { watchLogs } from './log-lines.ts';

/** What happens after a machine has slept. Seconds count from the moment at which it wakes up. */
export interface Awake {
  minutes: number;
  processes: number;
  /** Undefined if it took longer than three minutes. */
  healthy: number | undefined;
  trace: number | undefined;
  rate: number | undefined;
  restarts: number;
  /** Lines at level error in the three minutes after. */
  errors: Record<string, string[]>;
}

/** Milliseconds. */
const patience = 180_000;

/**
 * Stops all processes of all containers, as a machine that sleeps does, and lets them go on later. Docker itself stays awake,
 * so that health checks fail meanwhile. Needs root on the machine of the containers.
 */
export async function sleepAndWake(
  project: string,
  backends: Backends,
  minutes: number,
  signal: AbortSignal,
): Promise<Awake> {
  const restartsBefore = await restartsOf(project);
  const pids = await processesOf(project);
  say(`asleep for ${minutes} min: ${pids.length} processes`);
  send(pids, 'SIGSTOP');
  try {
    await sleep(minutes * 60_000, undefined, { signal });
  } finally {
    send(pids, 'SIGCONT');
  }
  const awakeAt = Date.now();
  const logs = watchLogs(project, new Date(awakeAt));
  const after = async (what: string, look: () => Promise<boolean>) => {
    while (!(await look().catch(() => false))) {
      if (Date.now() - awakeAt > patience) return undefined;
      await sleep(250, undefined, { signal });
    }
    const seconds = (Date.now() - awakeAt) / 1000;
    say(`${seconds.toFixed(1)} s after waking up: ${what}`);
    return seconds;
  };
  const [healthy, trace, rate] = await Promise.all([
    after('all containers are healthy', async () =>
      (await inspectContainers(project)).every(({ health }) => health === 'healthy' || health === 'none'),
    ),
    after('a new trace is in Jaeger', async () => ((await newestTrace(backends))?.at ?? 0) > awakeAt),
    after('Prometheus has a new rate of orders', async () => {
      const scraped = await valueOf(backends, 'max(timestamp(orders_total))');
      return scraped * 1000 > awakeAt && (await valueOf(backends, 'sum(rate(orders_total[20s]))')) > 0;
    }),
  ]);
  await sleep(Math.max(0, awakeAt + patience / 3 - Date.now()), undefined, { signal });
  logs.close();
  const errors = Object.fromEntries(
    [...logs.written]
      .filter(([, { errors: count }]) => count > 0)
      .map(([name, entry]) => [name, entry.examples]),
  );
  return {
    minutes,
    processes: pids.length,
    healthy,
    trace,
    rate,
    restarts: (await restartsOf(project)) - restartsBefore,
    errors,
  };
}

const restartsOf = async (project: string) =>
  (await inspectContainers(project)).reduce((sum, { restarts }) => sum + restarts, 0);

async function processesOf(project: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)('docker', [
    'ps',
    '--quiet',
    '--filter',
    `label=com.docker.compose.project=${project}`,
  ]);
  const lists = await Promise.all(
    stdout
      .split('\n')
      .filter((id) => id !== '')
      .map((id) => promisify(execFile)('docker', ['top', id, '-eo', 'pid'])),
  );
  return lists.flatMap((list) => list.stdout.split('\n').map(Number)).filter((pid) => pid > 0);
}

/** A health check that has ended meanwhile has no process any more. */
function send(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}
