import type { PostgresReadiness } from './postgres/readiness.ts';

/** Whether this instance is ready for traffic. */
export interface Health {
  /** Marks the instance as ready, as long as its checks pass. */
  started(): void;
  /** Marks the instance as not ready, whatever its checks report. */
  drain(): void;
  draining(): boolean;
  readiness(): Promise<Readiness>;
}

export interface Readiness {
  ready: boolean;
  checks: Record<string, { ok: boolean; detail?: string }>;
}

/**
 * Creates the readiness check: started, not draining, Postgres reachable, writable and migrated. A dependency that the service
 * can do without is not part of it: taking instances out of the load balancer would not repair it.
 */
export function createHealth(postgres: Pick<PostgresReadiness, 'check'>): Health {
  let phase: 'starting' | 'serving' | 'draining' = 'starting';

  return {
    started: () => {
      if (phase === 'starting') phase = 'serving';
    },
    drain: () => {
      phase = 'draining';
    },
    draining: () => phase === 'draining',
    async readiness() {
      const checks = {
        lifecycle: { ok: phase === 'serving', detail: phase },
        postgres: await postgres.check(),
      };
      return { ready: Object.values(checks).every(({ ok }) => ok), checks };
    },
  };
}
