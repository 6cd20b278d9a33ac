import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { Instruments } from './instruments.ts';
import { mirror } from './mirror.ts';

/**
 * Disk I/O and heap limit of this process and processor and memory of its host, which prom-client's default metrics lack. A
 * scrape reads all of it, without blocking the event loop.
 */
export function observeProcess(instruments: Instruments): void {
  const read = mirror();
  instruments.counter({
    name: 'process_disk_read_bytes_total',
    help: 'Bytes that this process had read from storage; what came from the page cache does not count.',
    collect: (counter) => read(counter.child(), process.resourceUsage().fsRead * blockSize),
  });
  const written = mirror();
  instruments.counter({
    name: 'process_disk_written_bytes_total',
    help: 'Bytes that this process caused to be written to storage.',
    collect: (counter) => written(counter.child(), process.resourceUsage().fsWrite * blockSize),
  });

  instruments.gauge({
    name: 'nodejs_heap_size_limit_bytes',
    help: 'Largest size of the heap that V8 allows, from its options or from the memory of the host.',
    collect: (gauge) => gauge.child().set(getHeapStatistics().heap_size_limit),
  });

  // Read now, so the first scrape has a value to compare with.
  let before = processorTimes();
  before.catch(() => {});
  instruments.gauge({
    name: 'system_cpu_utilization_ratio',
    help: 'Share of the time of all processors of the host that was not idle, from 0 to 1, since the last scrape.',
    async collect(gauge) {
      const last = before;
      before = processorTimes();
      const [from, to] = await Promise.all([last, before]);
      const total = to.total - from.total;
      // Within one tick of the kernel's clock nothing changes, so the last value stays.
      if (total > 0) gauge.child().set(Math.max(0, (to.busy - from.busy) / total));
    },
  });
  instruments.gauge({
    name: 'system_memory_used_bytes',
    help: 'Memory of the host that is neither free nor, on Linux, reclaimable without swapping.',
    // On Linux `freemem` is MemAvailable, which includes what the kernel can reclaim.
    collect: (gauge) => gauge.child().set(os.totalmem() - os.freemem()),
  });
}

/**
 * Bytes. Exact on Linux for any device: the kernel counts bytes (`/proc/self/io`) and reports them in this unit.
 * Elsewhere the system reports the number of operations, and the product is an estimate.
 */
const blockSize = 512;

/** Since the boot of the host, over all processors, in a unit of the platform. */
interface ProcessorTimes {
  busy: number;
  total: number;
}

/** Avoids `os.cpus` on Linux: it blocks the event loop while it reads one file per processor for its speed. */
async function processorTimes(): Promise<ProcessorTimes> {
  return os.platform() === 'linux'
    ? parseProcStat(await readFile('/proc/stat', 'latin1'))
    : sumUp(os.cpus().map(({ times }) => times));
}

/** @see https://man7.org/linux/man-pages/man5/proc_stat.5.html */
function parseProcStat(text: string): ProcessorTimes {
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = text
    .slice(0, text.indexOf('\n'))
    .split(/\s+/)
    .slice(1)
    .map(Number);
  // The time of guests is already part of `user`.
  const busy = user + nice + system + irq + softirq + steal;
  return { busy, total: busy + idle + iowait };
}

function sumUp(times: ReadonlyArray<os.CpuInfo['times']>): ProcessorTimes {
  const busy = times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, 0);
  return { busy, total: times.reduce((sum, { idle }) => sum + idle, busy) };
}
