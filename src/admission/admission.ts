import type { AdmissionConfig } from '../config/config.ts';
import { createAdaptiveLimit } from './adaptive-limit.ts';
import { createConcurrencyLimiter, type ConcurrencyLimiter } from './concurrency-limiter.ts';
import { type Dependency, sampleLoad } from './load-sampler.ts';

/** Decides which requests start now, later or never, so that the started ones finish in time. */
export interface Admission extends Pick<ConcurrencyLimiter, 'enter' | 'wouldShed'> {
  /** Whether processor time is what is short: the event loop had hardly a pause lately. */
  busy(): boolean;
  state(): { inFlight: number; queued: number; limit: number };
  close(): void;
}

/** The share of the queue that is used, because a late refusal is worse than an immediate one. */
const queueShare = 0.5;

/**
 * Creates a concurrency limiter whose limit follows the sampled load.
 *
 * @param initial the first limit, in requests: as many as there are connections to dependencies
 * @param dependencies where requests may wait for a connection
 */
export function createAdmission(
  policy: AdmissionConfig,
  initial: number,
  dependencies: readonly Dependency[],
): Admission {
  const limit = createAdaptiveLimit({ ...policy, initial });
  const limiter = createConcurrencyLimiter({
    limit: limit.current,
    queueBound() {
      const turns = (limit.current() * policy.queueTimeout) / sampler.timeInFlight();
      return Number.isNaN(turns) ? policy.queue : Math.min(policy.queue, Math.floor(queueShare * turns));
    },
    queueTimeout: policy.queueTimeout,
    loopLate: () => sampler.loopLate(),
  });
  const sampler = sampleLoad({
    limiter,
    dependencies,
    loopDelay: policy.loopDelay,
    onWindow(window) {
      limit.update(window);
      limiter.admitQueued();
    },
  });

  return {
    enter(priority, timeLimit, decided) {
      sampler.start();
      return limiter.enter(priority, timeLimit, decided);
    },
    wouldShed: limiter.wouldShed,
    busy: () => sampler.busy(),
    state: () => ({ ...limiter.state(), limit: limit.current() }),
    close: () => sampler.stop(),
  };
}
