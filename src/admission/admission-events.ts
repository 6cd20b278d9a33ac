import type { ShedReason } from './concurrency-limiter.ts';
import type { Priority } from './priorities.ts';

/** What admission control tells about itself; telemetry listens. */
export interface AdmissionEvents {
  /** A request is not worked on. Told in its own context, before it is answered, if anybody is there to be answered. */
  shed(request: { reason: ShedReason; priority: Priority }): void;
}
