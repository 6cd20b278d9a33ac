import { readFile } from 'node:fs/promises';
import os from 'node:os';
import type { Counter } from './counter.ts';
import type { Instruments, Metric } from './instruments.ts';

/**
 * Disk I/O of this process, and processor and memory of its host: what prom-client's default metrics leave out. All
 * of it is read when it is asked for, and nothing of it holds the event loop up.
 */
export function observeProcess(instruments: Instruments): void {
  instruments.counter({
    name: 'process_disk_read_bytes_total',
    help: 'Bytes that this process had read from storage; what came from the page cache does not count.',
    collect: following(() => process.resourceUsage().fsRead * blockSize),
  });
  instruments.counter({
    name: 'process_disk_written_bytes_total',
    help: 'Bytes that this process caused to be written to storage.',
    collect: following(() => process.resourceUsage().fsWrite * blockSize),
  });

  // Read now, so that the first scrape has something to compare with.
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
      // Within one tick of the clock there is nothing to tell: the figure stays.
      if (total > 0) gauge.child().set(Math.max(0, (to.busy - from.busy) / total));
    },
  });
  instruments.gauge({
    name: 'system_memory_used_bytes',
    help: 'Memory of the host that is neither free nor, on Linux, reclaimable without swapping.',
    // On Linux what Node calls free is MemAvailable.
    collect: (gauge) => gauge.child().set(os.totalmem() - os.freemem()),
  });
}

/**
 * Bytes. On Linux exact, whatever the device: the kernel counts bytes (`/proc/self/io`) and gives them out in this
 * unit. Elsewhere it is the number of operations that is given out, and this an estimate.
 */
const blockSize = 512;

/** For a counter that somebody else counts: adds what has come since the last scrape. */
function following(read: () => number): (counter: Metric<[], Counter>) => void {
  let seen = 0;
  return (counter) => {
    const total = read();
    counter.child().increment(total - seen);
    seen = total;
  };
}

/** Since the host was started, over all processors, in a unit of the platform. */
interface ProcessorTimes {
  busy: number;
  total: number;
}

/** `os.cpus` reads a file per processor, for their speed, and the event loop waits: so not where it can be helped. */
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
  // What the guests of this host took is part of `user` already.
  const busy = user + nice + system + irq + softirq + steal;
  return { busy, total: busy + idle + iowait };
}

function sumUp(times: ReadonlyArray<os.CpuInfo['times']>): ProcessorTimes {
  const busy = times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, 0);
  return { busy, total: times.reduce((sum, { idle }) => sum + idle, busy) };
}
