import path from 'node:path';
import { Customers } from '../shared/load.ts';
import { type BenchProcess, startProcess } from '../shared/processes.ts';
import type { LoadGenerator } from './load-generator.ts';
import type { StartSubject, Subject } from './subjects.ts';

/** Seconds of a closed loop in which V8 optimizes, and of the one that is measured. */
export const capacityTimes = { warmUp: 10, measured: 5 };

/**
 * Capacity of a service in orders a second, over slightly more connections than it needs, each with the next order as soon
 * as one is answered; and its processor time per order, in microseconds. The load of a burst is a multiple of it, so it is
 * measured on the service of that burst and on the way that its requests take: two services on one machine differ by more
 * than the goals allow.
 */
export async function measureCapacity(
  { process: service, url }: Pick<Subject, 'process' | 'url'>,
  connections: number,
  signal: AbortSignal,
): Promise<{ capacity: number; cpuPerOrder: number }> {
  await using customers = new Customers(url, connections, signal, undefined, 20);
  await customers.order(capacityTimes.warmUp);
  const cpuBefore = await service.cpuTime();
  const { requests, seconds } = await customers.order(capacityTimes.measured);
  const cpu = (await service.cpuTime()) - cpuBefore;
  return { capacity: requests / seconds, cpuPerOrder: cpu / requests };
}

/** Gateway latency in milliseconds that keeps the one admitted order in flight while others are refused. */
export const refusalLatency = 900;

/** Requests a second. With fewer of them, what the service does every second without any would be most of the figure. */
const refusalRate = 4000;

/** The service's processor time per refused request, in microseconds. It admits a single order at a time. */
export async function measureRefusal(
  startSubject: StartSubject,
  generator: LoadGenerator,
  signal: AbortSignal,
): Promise<number> {
  const nearlyNone = { ADMISSION_LIMIT_MIN: '1', ADMISSION_LIMIT_MAX: '1', ADMISSION_QUEUE: '0' };
  await using subject = await startSubject(nearlyNone);
  return await costOfRequest(subject.process, generator, signal);
}

/** The same for a server that does nothing else. @param folder of its log */
export async function measureBareRefusal(
  folder: string,
  generator: LoadGenerator,
  signal: AbortSignal,
): Promise<number> {
  await using server = await startProcess({
    script: 'lab/bench/overload/bare-refusal.ts',
    env: {},
    logFile: path.join(folder, 'bare_refusal.log'),
  });
  return await costOfRequest(server, generator, signal);
}

async function costOfRequest(
  server: BenchProcess,
  generator: LoadGenerator,
  signal: AbortSignal,
): Promise<number> {
  const phase = { url: server.url, steps: [{ rate: refusalRate, seconds: 5 }] };
  await generator.run(phase, signal);
  const cpuBefore = await server.cpuTime();
  const requests = await generator.run(phase, signal);
  return ((await server.cpuTime()) - cpuBefore) / requests.length;
}
