import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Process ids of the parts of the stack, by name. A part includes its child processes, such as those of Postgres. */
export type Parts = Readonly<Record<string, () => number | undefined>>;

export interface MemoryRow {
  name: string;
  /** Bytes. */
  latest: number;
  highest: number;
}

export interface MemorySampler {
  rows(): MemoryRow[];
  stop(): void;
}

/** Milliseconds. */
const interval = 2000;

/** Samples the memory of each part, including its child processes, until stopped. */
export function sampleMemory(parts: Parts): MemorySampler {
  const rows = new Map<string, MemoryRow>();
  let sampling: Promise<void> | undefined;

  async function sample(): Promise<void> {
    const processes = await listProcesses();
    for (const [name, pid] of Object.entries(parts)) {
      const root = pid();
      if (root === undefined) continue;
      const sizes = await Promise.all(familyOf(root, processes).map((each) => sizeOf(each)));
      const latest = sizes.reduce((sum, size) => sum + size, 0);
      rows.set(name, { name, latest, highest: Math.max(latest, rows.get(name)?.highest ?? 0) });
    }
  }

  const timer = setInterval(() => {
    sampling ??= sample()
      .catch(() => undefined)
      .finally(() => {
        sampling = undefined;
      });
  }, interval);
  return { rows: () => [...rows.values()], stop: () => clearInterval(timer) };
}

interface Process {
  pid: number;
  parent: number;
  /** Resident bytes, including shared pages. */
  resident: number;
}

async function listProcesses(): Promise<Process[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,rss=']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([pid = 0, parent = 0, kilobytes = 0]) => ({ pid, parent, resident: kilobytes * 1024 }));
}

function familyOf(root: number, processes: readonly Process[]): Process[] {
  const own = processes.filter(({ pid }) => pid === root);
  const children = processes.filter(({ parent }) => parent === root);
  return [...own, ...children.flatMap(({ pid }) => familyOf(pid, processes))];
}

/** On Linux a shared page counts proportionally, so that Postgres' shared buffers do not count once per connection. */
async function sizeOf({ pid, resident }: Process): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const proportional = /^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1];
  return proportional === undefined ? resident : Number(proportional) * 1024;
}
