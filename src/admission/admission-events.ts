import type { ShedReason } from './concurrency-limiter.ts';
import type { Priority } from './priorities.ts';

/** What admission control reports; telemetry implements it. */
export interface AdmissionEvents {
  /** A request is shed. Called in its own async context, before its response, if its client is still there. */
  shed(request: { reason: ShedReason; priority: Priority }): void;
}
