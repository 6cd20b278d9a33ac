/**
 * Causes whose calls are rejected for a time, while all others go through: each is a circuit breaker for one card or one
 * client. After the time, one call is let through as a probe.
 */
export interface Suspensions {
  /** Lets a call through, as the probe of its suspensions that are over, or returns `undefined` to reject it. */
  admit(causes: readonly string[]): Probe | undefined;
  /** Whether one of the causes is suspended, or was and has not been probed yet. */
  include(causes: readonly string[]): boolean;
  suspend(cause: string): void;
  /** Every cause that is suspended. */
  list(): Iterable<string>;
  /** Forgets suspensions that nobody probes. */
  forget(): void;
  clear(): void;
}

/** The suspended causes of a call that was let through. */
export interface Probe {
  causes: readonly string[];
  ended(failed: boolean): void;
}

interface Suspension {
  /** On the clock of `performance.now()`. */
  until: number;
  probing: boolean;
}

const noProbe: Probe = { causes: [], ended: () => {} };

/** @param duration of a suspension, in milliseconds */
export function createSuspensions(duration: number): Suspensions {
  const suspensions = new Map<string, Suspension>();
  const of = (causes: readonly string[]) => causes.filter((cause) => suspensions.has(cause));

  return {
    admit(causes) {
      const suspended = suspensions.size === 0 ? [] : of(causes);
      if (suspended.length === 0) return noProbe;
      const now = performance.now();
      const found = suspended.map((cause) => suspensions.get(cause));
      if (found.some((each) => each === undefined || each.probing || each.until > now)) return undefined;
      for (const cause of suspended) suspensions.set(cause, { until: now, probing: true });
      return {
        causes: suspended,
        ended(failed) {
          for (const cause of suspended) {
            if (failed) suspensions.set(cause, { until: performance.now() + duration, probing: false });
            else suspensions.delete(cause);
          }
        },
      };
    },
    include: (causes) => of(causes).length > 0,
    suspend(cause) {
      suspensions.set(cause, { until: performance.now() + duration, probing: false });
    },
    list: () => suspensions.keys(),
    forget() {
      const longAgo = performance.now() - 2 * duration;
      for (const [cause, { until, probing }] of suspensions)
        if (!probing && until < longAgo) suspensions.delete(cause);
    },
    clear: () => suspensions.clear(),
  };
}
