import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { BenchFailure } from '../shared/failure.ts';

export async function docker(...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)('docker', args)).stdout.trim();
}

/** What a start took, in milliseconds. */
export interface Start {
  /** From the start of the container's process to the first 200 of `/readyz`. */
  ready: number;
  /** Of all processors, until then. */
  processor: number;
}

/** Milliseconds. */
const patience = 300_000;

/** Starts a container, waits until the service in it is ready, and removes it. */
export async function measureStart(args: readonly string[]): Promise<Start> {
  const id = await docker('run', '--detach', ...args);
  try {
    const template =
      '{{.State.Pid}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}} {{.State.StartedAt}}';
    const [pid = '', address = '', startedAt = ''] = (
      await docker('inspect', '--format', template, id)
    ).split(' ');
    const deadline = Date.now() + patience;
    while (!(await isReady(`http://${address}:7071/readyz`))) {
      if (Date.now() > deadline)
        throw new BenchFailure(`not ready: ${await docker('logs', '--tail', '5', id)}`);
      await sleep(5);
    }
    return { ready: Date.now() - Date.parse(startedAt), processor: await processorTime(pid) };
  } finally {
    await docker('rm', '--force', '--volumes', id);
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1000) })).ok;
  } catch {
    return false;
  }
}

/** From the kernel's control groups, version 1 or 2. */
async function processorTime(pid: string): Promise<number> {
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8');
  const first = /^\d+:[^:]*\bcpuacct\b[^:]*:(.+)$/m.exec(groups)?.[1];
  if (first !== undefined)
    return Number(await readFile(`/sys/fs/cgroup/cpuacct${first}/cpuacct.usage`, 'utf8')) / 1e6;
  const second = /^0::(.+)$/m.exec(groups)?.[1] ?? '';
  const text = await readFile(`/sys/fs/cgroup${second}/cpu.stat`, 'utf8');
  return Number(/^usage_usec (\d+)$/m.exec(text)?.[1]) / 1000;
}
