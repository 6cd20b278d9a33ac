import { setTimeout as delay } from 'node:timers/promises';
import type { BenchProcess } from '../shared/processes.ts';
import type { Subject } from './subjects.ts';
import type { LoadGenerator } from './load-generator.ts';
import { type Outcome, recoveryOf, summarize, type Window, windowsOf } from './outcome.ts';

export interface Plan {
  /** Orders a second before and after the burst. */
  usual: number;
  /** Orders a second in the burst. */
  burst: number;
  /** The burst as a multiple of the capacity. */
  multiple: number;
  /** Length of the burst. */
  seconds: number;
}

/** What a burst did to the service. Whether it recovered depends on a normal p99, which the caller knows. */
export type BurstOutcome = Omit<Outcome, 'recovery' | 'capacity' | 'cpuPerOrder' | 'share'> & {
  afterBurst: Window[];
};

/** Seconds of the usual load before and after the burst. */
const before = 5;
const after = 5;

/** The usual load, a burst at a multiple of the capacity, and the usual load again. */
export async function measureBurst(
  generator: LoadGenerator,
  { process: service, url }: Pick<Subject, 'process' | 'url'>,
  plan: Plan,
  signal: AbortSignal,
): Promise<BurstOutcome> {
  const steps = [
    { rate: plan.usual, seconds: before },
    { rate: plan.burst, seconds: plan.seconds },
    { rate: plan.usual, seconds: after },
  ];
  const ended = new AbortController();
  const [requests, memory] = await Promise.all([
    generator.run({ url, steps }, signal).finally(() => ended.abort()),
    watchMemory(service, ended.signal),
  ]);

  const start = 1000 * before;
  const end = start + 1000 * plan.seconds;
  const finish = end + 1000 * after;
  const burst = requests.filter(({ due }) => due >= start && due < end);
  return {
    multiple: plan.multiple,
    planned: plan.burst,
    ...summarize(burst, plan.seconds),
    memory: {
      before: memory.findLast(({ at }) => at < start)?.bytes ?? Number.NaN,
      most: Math.max(...memory.filter(({ at }) => at >= start && at < finish).map(({ bytes }) => bytes)),
      after: memory.at(-1)?.bytes ?? Number.NaN,
    },
    afterBurst: windowsOf(requests, end, finish - end),
  };
}

/** Milliseconds. */
const memoryInterval = 250;

/** Samples the RSS until the signal fires. Times in milliseconds from the call. */
async function watchMemory(service: BenchProcess, ended: AbortSignal) {
  const samples: Array<{ at: number; bytes: number }> = [];
  const startedAt = performance.now();
  while (!ended.aborted) {
    samples.push({ at: performance.now() - startedAt, bytes: await service.memory() });
    await delay(memoryInterval, undefined, { signal: ended }).catch(() => {});
  }
  return samples;
}

/** A window after the burst is normal up to this multiple of the p99 at the capacity. */
const normal = 1.5;

/** @param p99AtCapacity milliseconds */
export function recoveryAfter({ afterBurst }: BurstOutcome, p99AtCapacity: number): Outcome['recovery'] {
  return recoveryOf(afterBurst, normal * p99AtCapacity);
}
