import type { Config } from '../config/config.ts';
import { createAdaptiveLimit } from './adaptive-limit.ts';
import { createConcurrencyLimiter, type ConcurrencyLimiter } from './concurrency-limiter.ts';
import { type Dependency, sampleLoad } from './load-sampler.ts';

/** Decides which requests are worked on now, later or not at all, so that those that are get their answer in time. */
export interface Admission extends Pick<ConcurrencyLimiter, 'enter'> {
  state(): { inFlight: number; queued: number; limit: number };
  close(): void;
}

export type AdmissionPolicy = NonNullable<Config['admission']>;

/** Less than all that would have its turn in time: a refusal that comes late is worse than one that comes at once. */
const margin = 0.5;

/**
 * A gate whose limit follows what is seen of the load.
 *
 * @param initial requests at which the limit starts: as many as find a connection each
 * @param dependencies what requests may have to wait for
 */
export function createAdmission(
  policy: AdmissionPolicy,
  initial: number,
  dependencies: readonly Dependency[],
): Admission {
  const limit = createAdaptiveLimit({ ...policy, initial });
  const limiter = createConcurrencyLimiter({
    limit: limit.current,
    queueBound() {
      const turns = (limit.current() * policy.queueTimeout) / sampler.timeAtWork();
      return Number.isNaN(turns) ? policy.queue : Math.min(policy.queue, Math.floor(margin * turns));
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
      limiter.open();
    },
  });

  return {
    enter(priority, timeLimit, decided) {
      sampler.start();
      return limiter.enter(priority, timeLimit, decided);
    },
    state: () => ({ ...limiter.state(), limit: limit.current() }),
    close: () => sampler.stop(),
  };
}
