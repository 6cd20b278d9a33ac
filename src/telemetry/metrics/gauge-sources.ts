import type { Instruments } from './instruments.ts';

/** State that the service holds anyway, so a gauge reads it at scrape time and nothing is recorded in between. */
export interface GaugeSources {
  pool(): { total: number; idle: number; waiting: number };
  /** Shared statements in flight, and rows that wait to share one, by what they write. */
  batches(): Record<string, { inFlight: number; waiting: number }>;
  /** As of the last count. `age` is that of the oldest pending order, in milliseconds. */
  backlog(): { pending: number; age: number | undefined };
  /** By the name of the breaker. */
  circuits(): Record<string, (typeof circuitStates)[number]>;
  /** Cards and clients for whose orders alone a circuit is open. */
  suspended(): Record<string, number>;
  /** Milliseconds that are left of the pause that the gateway asked for; 0 outside of one. */
  pausedFor(): number;
  admission(): { inFlight: number; queued: number; limit: number };
}

const circuitStates = ['closed', 'open', 'half_open'] as const;

export function registerGauges(
  make: Instruments,
  { pool, batches, backlog, circuits, suspended, pausedFor, admission }: GaugeSources,
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
    help: 'Statements in flight that orders share.',
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
    name: 'orders_pending',
    help: 'Orders that their request left pending, as of the last count.',
    collect: (gauge) => gauge.child().set(backlog().pending),
  });
  make.gauge({
    name: 'orders_pending_oldest_seconds',
    help: 'Age of the oldest pending order.',
    collect: (gauge) => gauge.child().set((backlog().age ?? 0) / 1000),
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
  make.gauge({
    name: 'payment_suspended',
    help: 'Cards and clients for whose orders alone the circuit to the payment gateway is open.',
    labels: ['scope'],
    collect(gauge) {
      for (const [scope, count] of Object.entries(suspended())) gauge.child(scope).set(count);
    },
  });
  make.gauge({
    name: 'payment_pause_seconds',
    help: 'Time left of the pause that the payment gateway asked for with Retry-After; 0 outside of one.',
    collect: (gauge) => gauge.child().set(pausedFor() / 1000),
  });
}
