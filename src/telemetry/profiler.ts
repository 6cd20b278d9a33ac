import { Session } from 'node:inspector/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from './logging/logger.ts';

export type ProfileOutcome =
  /** In the format of the DevTools protocol, which every viewer reads. */
  | { kind: 'taken'; profile: object }
  /** Another profile is running and ends after `secondsLeft`. */
  | { kind: 'busy'; secondsLeft: number }
  /** The signal aborted it. */
  | { kind: 'abandoned' };

/** Profiles its own process, one profile at a time: two would measure each other. */
export interface Profiler {
  /** Samples where CPU time goes. @param signal ends it early, without a profile */
  cpu(seconds: number, signal: AbortSignal): Promise<ProfileOutcome>;
  /** Samples which functions allocate. @param signal ends it early, without a profile */
  heap(seconds: number, signal: AbortSignal): Promise<ProfileOutcome>;
}

interface Recording {
  kind: 'cpu' | 'heap';
  start(session: Session): Promise<void>;
  stop(session: Session): Promise<{ profile: object }>;
}

/** Microseconds, V8's default: it catches a request of one millisecond and costs a few per cent of the CPU. */
const cpuSamplingInterval = 1000;

/** Mean bytes allocated between two samples: twice V8's default, which keeps the profile of a busy minute small. */
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
      // Short-lived objects keep the collector busy; without these two options the profile would lack them.
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
    // Latencies rise a little during a profile; this line explains why.
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
      // Disconnecting stops every profiler that the session started.
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

/** At least 1, even after the time is up, while V8 still assembles the profile. */
function secondsUntil(time: number): number {
  return Math.max(1, Math.ceil((time - performance.now()) / 1000));
}
