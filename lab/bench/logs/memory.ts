import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLogProcessor } from './programs.ts';

/** Memory while lines are forwarded at full speed. */
export interface MemoryRun {
  lines: number;
  seconds: number;
  /** RSS in MiB, about five times a second. */
  samples: number[];
}

/** Pipes the file through the processor several times over. */
export async function measureMemory(file: string, times: number, sinkUrl: string): Promise<MemoryRun> {
  const copies = Array.from({ length: times }, () => file);
  const cat = spawn('cat', copies, { stdio: ['ignore', 'pipe', 'inherit'] });
  const { child, outcome } = startLogProcessor(['-', '--to', sinkUrl], { LOGS_PORT: '0' }, cat.stdout);
  // Only the processor reads it.
  cat.stdout.destroy();
  const samples: number[] = [];
  const isEnded = outcome.then(() => true);
  while (!(await Promise.race([isEnded, sleep(200, false)]))) {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    const resident = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
    if (resident > 0) samples.push(resident / 1024);
  }
  const { lines, seconds } = await outcome;
  return { lines, seconds, samples };
}
