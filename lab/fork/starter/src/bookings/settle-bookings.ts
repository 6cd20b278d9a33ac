import type { SettlementConfig } from '../config/settlement-config.ts';
import { type Crew, createCrew } from '../leasing/crew.ts';
import type { CircuitState } from '../resilience/circuit-breaker.ts';
import type { Booking } from './booking.ts';
import { type BookingDependencies, confirmBooking } from './create-booking.ts';

/** Domain probe of the worker; telemetry implements it. */
export interface SettlementEvents {
  /** Wraps one round of a booking, in a trace of its own. */
  settling(booking: Booking, round: (context: { requestId: string }) => Promise<Booking>): Promise<Booking>;
  settlementFailed(error: unknown): void;
}

/**
 * Settles the bookings that requests left pending, after a crash or an outage of the dependency. Every replica runs one
 * worker, and they share the work: a booking is leased to one of them at a time, and due again when its lease ends.
 */
export function createSettlementWorker(
  dependencies: BookingDependencies,
  options: SettlementConfig & {
    take(limit: number): Promise<Booking[]>;
    circuitState(): CircuitState;
    events: SettlementEvents;
  },
): Crew {
  const { pollInterval, concurrency, events } = options;
  const capacity = { closed: concurrency, half_open: 1, open: 0 };
  return createCrew<Booking>({
    lanes: concurrency,
    batchSize: concurrency,
    pollInterval,
    capacity: () => capacity[options.circuitState()],
    take: options.take,
    clientOf: ({ clientId }) => clientId,
    work: (booking) => events.settling(booking, (context) => confirmBooking(dependencies, booking, context)),
    // Its lease ends by itself.
    giveBack: () => Promise.resolve(),
    onLook: (error) => error !== undefined && events.settlementFailed(error),
    onRoundFailed: events.settlementFailed,
  });
}
