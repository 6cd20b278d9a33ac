import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What Docker says about a container of the stack. */
export interface Container {
  /** The name of its service, with the number of the replica if it is not the first. */
  name: string;
  /** 0 while it does not run. */
  pid: number;
  /** Bytes. */
  limit: number;
  restarts: number;
  killedForMemory: boolean;
  health: string;
  exitCode: number;
  logFile: string;
}

interface Inspected {
  Config: { Labels: Record<string, string> };
  State: { Pid: number; OOMKilled: boolean; ExitCode: number; Health?: { Status: string } };
  HostConfig: { Memory: number };
  RestartCount: number;
  LogPath: string;
}

/** All containers of a project, those that have ended included. */
export async function inspectContainers(project: string): Promise<Container[]> {
  const filter = `label=com.docker.compose.project=${project}`;
  const { stdout: ids } = await run('docker', ['ps', '--all', '--quiet', '--filter', filter]);
  const list = ids.split('\n').filter((id) => id !== '');
  if (list.length === 0) return [];
  const { stdout } = await run('docker', ['inspect', ...list], { maxBuffer: 64 * 1024 * 1024 });
  return (
    (JSON.parse(stdout) as Inspected[])
      // Compose labels the images that it builds, too, and a container inherits these. Its number is a container's own.
      .filter(({ Config: { Labels: labels } }) => labels['com.docker.compose.container-number'] !== undefined)
      .map(({ Config: { Labels: labels }, State, HostConfig, RestartCount, LogPath }) => {
        const replica = labels['com.docker.compose.container-number'];
        const service = labels['com.docker.compose.service'] ?? '';
        return {
          name: replica === undefined || replica === '1' ? service : `${service}-${replica}`,
          pid: State.Pid,
          limit: HostConfig.Memory,
          restarts: RestartCount,
          killedForMemory: State.OOMKilled,
          health: State.Health?.Status ?? 'none',
          exitCode: State.ExitCode,
          logFile: LogPath,
        };
      })
      .toSorted((a, b) => a.name.localeCompare(b.name))
  );
}

/** The memory of a container, in bytes. */
export interface Memory {
  usage: number;
  /** The highest usage since its start, from the kernel, so that no peak between two samples is missed. */
  peak: number;
  /** Without the files that the kernel could drop. */
  own: number;
  /** How often the limit was met. The kernel then drops a cached file or, if there is none, kills. */
  limitMet: number;
}

/** Reads the control group of a process on this machine, version 1 or 2. Undefined once the process is gone. */
export async function readMemory(pid: number): Promise<Memory | undefined> {
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  const first = /^\d+:memory:(.+)$/m.exec(groups)?.[1];
  const second = /^0::(.+)$/m.exec(groups)?.[1];
  try {
    if (first !== undefined) return await readFirst(`/sys/fs/cgroup/memory${first}`);
    if (second !== undefined) return await readSecond(`/sys/fs/cgroup${second}`);
    return undefined;
  } catch {
    return undefined;
  }
}

async function readFirst(folder: string): Promise<Memory> {
  const [usage = 0, peak = 0, limitMet = 0] = await Promise.all(
    ['memory.usage_in_bytes', 'memory.max_usage_in_bytes', 'memory.failcnt'].map((name) =>
      readNumber(`${folder}/${name}`),
    ),
  );
  const files = figureIn(
    await readFile(`${folder}/memory.stat`, 'utf8'),
    'total_inactive_file',
    'total_active_file',
  );
  return { usage, peak, own: usage - files, limitMet };
}

async function readSecond(folder: string): Promise<Memory> {
  const [usage = 0, peak = 0] = await Promise.all(
    ['memory.current', 'memory.peak'].map((name) => readNumber(`${folder}/${name}`)),
  );
  const files = figureIn(await readFile(`${folder}/memory.stat`, 'utf8'), 'inactive_file', 'active_file');
  const limitMet = figureIn(await readFile(`${folder}/memory.events`, 'utf8'), 'max');
  return { usage, peak, own: usage - files, limitMet };
}

const readNumber = async (file: string) => Number(await readFile(file, 'utf8'));

/** The sum of lines like `name value`. */
function figureIn(text: string, ...names: readonly string[]): number {
  const values = new Map(text.split('\n').map((line) => line.split(' ') as [string, string]));
  return names.reduce((sum, name) => sum + Number(values.get(name) ?? 0), 0);
}

/** Bytes of a container's log, rotated files included. Only root may look; 0 for others. */
export async function logSize({ logFile }: Container): Promise<number> {
  const sizes = [logFile, `${logFile}.1`, `${logFile}.2`].map((file) =>
    stat(file).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
