import type { CircuitState } from '../../resilience/circuit-breaker.ts';
import type { Instruments } from './instruments.ts';

/** State that the service holds anyway, so a gauge reads it at scrape time and nothing is recorded in between. */
export interface GaugeSources {
  pool(): { total: number; idle: number; waiting: number };
  /** Shared statements in flight, and rows that wait to share one, by what they write. */
  batches(): Record<string, { inFlight: number; waiting: number }>;
  /** By the name of the breaker. */
  circuits(): Record<string, CircuitState>;
  admission(): { inFlight: number; queued: number; limit: number };
}

const circuitStates = ['closed', 'open', 'half_open'] as const satisfies readonly CircuitState[];

export function registerGauges(
  make: Instruments,
  { pool, batches, circuits, admission }: GaugeSources,
): void {
  make.gauge({
    name: 'pg_pool_connections',
    help: 'Connections of the pool, and callers that wait for one.',
    labels: ['state'],
    collect(gauge) {
      for (const [state, count] of Object.entries(pool())) gauge.child(state).set(count);
    },
  });
  make.gauge({
    name: 'pg_batches_in_flight',
    help: 'Statements in flight that several writes may share.',
    labels: ['write'],
    collect(gauge) {
      for (const [write, { inFlight }] of Object.entries(batches())) gauge.child(write).set(inFlight);
    },
  });
  make.gauge({
    name: 'pg_batch_rows_waiting',
    help: 'Rows that wait to share a statement.',
    labels: ['write'],
    collect(gauge) {
      for (const [write, { waiting }] of Object.entries(batches())) gauge.child(write).set(waiting);
    },
  });
  make.gauge({
    name: 'admission_in_flight',
    help: 'Requests in flight that admission control admitted.',
    collect: (gauge) => gauge.child().set(admission().inFlight),
  });
  make.gauge({
    name: 'admission_queue_depth',
    help: 'Requests in the admission queue.',
    collect: (gauge) => gauge.child().set(admission().queued),
  });
  make.gauge({
    name: 'admission_limit',
    help: 'Current limit on requests in flight; 0 when admission control is off.',
    collect: (gauge) => gauge.child().set(admission().limit),
  });
  make.gauge({
    name: 'circuit_breaker_state',
    help: '1 for the state that the breaker is in, 0 for the others.',
    labels: ['breaker', 'state'],
    collect(gauge) {
      for (const [breaker, current] of Object.entries(circuits())) {
        for (const state of circuitStates) gauge.child(breaker, state).set(state === current ? 1 : 0);
      }
    },
  });
}
