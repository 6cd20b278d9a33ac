import type { ShedReason } from './concurrency-limiter.ts';
import type { Priority } from './priorities.ts';

/** What admission control reports; telemetry implements it. */
export interface AdmissionEvents {
  /** A request is shed. Called in its own async context, before its response, if its client is still there. */
  shed(request: { reason: ShedReason; priority: Priority }): void;
  /**
   * A request is shed before its route has begun, in the async context of none. Returns whether it is enough to count it;
   * otherwise it is to go its whole way and be shed there, as one of the few that are described.
   */
  shedEarly(request: { reason: ShedReason; method: string; route: string }): boolean;
}
