import { Session } from 'node:inspector/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from './logging/logger.ts';

export type ProfileOutcome =
  /** In the format that the DevTools protocol has for it, and that every viewer reads. */
  | { kind: 'taken'; profile: object }
  /** Another one is being taken; it ends in so many seconds. */
  | { kind: 'busy'; secondsLeft: number }
  /** Nobody waits for it any more. */
  | { kind: 'abandoned' };

/** Profiles the process it runs in. One at a time: two would measure each other. */
export interface Profiler {
  /** Where the time goes. @param signal ends it early, without a profile */
  cpu(seconds: number, signal: AbortSignal): Promise<ProfileOutcome>;
  /** Who allocates. @param signal ends it early, without a profile */
  heap(seconds: number, signal: AbortSignal): Promise<ProfileOutcome>;
}

interface Recording {
  kind: 'cpu' | 'heap';
  start(session: Session): Promise<void>;
  stop(session: Session): Promise<{ profile: object }>;
}

/** V8's own default, in microseconds: a request that takes a millisecond is seen, for a few per cent of the CPU. */
const cpuSamplingInterval = 1000;

/** Bytes allocated between two samples, on average: V8's default doubled, which keeps a minute of load small. */
const heapSamplingInterval = 65_536;

const cpuRecording: Recording = {
  kind: 'cpu',
  async start(session) {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: cpuSamplingInterval });
    await session.post('Profiler.start');
  },
  stop: (session) => session.post('Profiler.stop'),
};

const heapRecording: Recording = {
  kind: 'heap',
  start: (session) =>
    session.post('HeapProfiler.startSampling', {
      samplingInterval: heapSamplingInterval,
      // What is garbage by the end is what keeps the collector busy; without these two it would not be counted.
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    }),
  stop: (session) => session.post('HeapProfiler.stopSampling'),
};

export function createProfiler(logger: Logger): Profiler {
  let endsAt: number | undefined;

  async function record(
    { kind, start, stop }: Recording,
    seconds: number,
    signal: AbortSignal,
  ): Promise<ProfileOutcome> {
    if (endsAt !== undefined) return { kind: 'busy', secondsLeft: secondsUntil(endsAt) };
    endsAt = performance.now() + seconds * 1000;
    // Latencies rise a little meanwhile: whoever wonders finds the reason here.
    logger.info({ event: 'profile.started', profile: kind, seconds }, 'profiling');
    const session = new Session();
    let outcome: ProfileOutcome = { kind: 'abandoned' };
    try {
      session.connect();
      await start(session);
      await delay(seconds * 1000, undefined, { signal });
      outcome = { kind: 'taken', ...(await stop(session)) };
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      // Whatever the session started ends with it.
      session.disconnect();
      endsAt = undefined;
      logger.info({ event: 'profile.ended', profile: kind, outcome: outcome.kind }, 'profiling ended');
    }
    return outcome;
  }

  return {
    cpu: (seconds, signal) => record(cpuRecording, seconds, signal),
    heap: (seconds, signal) => record(heapRecording, seconds, signal),
  };
}

/** At least one, also when the time is up and the profile is being put together. */
function secondsUntil(time: number): number {
  return Math.max(1, Math.ceil((time - performance.now()) / 1000));
}
