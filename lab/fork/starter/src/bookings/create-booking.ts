import type { DomainParts } from '../domain-contract.ts';
import { type Deadline, noDeadline, orAtDeadline } from '../resilience/deadline.ts';
import { type Booking, type BookingRequest, newBooking } from './booking.ts';
import type { BookingStore } from './booking-store.ts';
import type { Confirmations } from './confirmation.ts';

export interface BookingDependencies extends Pick<DomainParts, 'inFlight'> {
  store: BookingStore;
  confirmations: Pick<Confirmations, 'call'>;
  events: BookingEvents;
}

/** Domain probe: telemetry turns its events into spans, metrics and log lines. */
export interface BookingEvents {
  /** Wraps the creation of a booking. */
  creating<T extends { kind: string; booking?: Booking | undefined }>(work: () => Promise<T>): Promise<T>;
  /** A booking left `pending`. Called once per booking. */
  settled(booking: Booking): void;
  leftPending(booking: Booking, reason: string): void;
  /** What the dependency has decided could not be stored, so the booking stays pending. */
  outcomeNotStored(booking: Booking, error: unknown): void;
}

export type Creation =
  | { kind: 'created'; booking: Booking }
  /** The key and the request are known. This is the booking in its current state. */
  | { kind: 'replayed'; booking: Booking }
  /** The key belongs to another request. */
  | { kind: 'key_reused'; booking?: undefined };

/**
 * Creates a booking: stores it as pending under its idempotency key, asks the dependency and settles it. Whatever breaks on
 * the way, the booking is on disk, and a repeat of the request asks again.
 *
 * @throws {ServiceError} `deadline_exceeded` when this request stored nothing in time; `database_unavailable`
 */
export function createBooking(
  dependencies: BookingDependencies,
  command: {
    clientId: string;
    request: BookingRequest;
    idempotencyKey: string | undefined;
    requestId: string;
    deadline: Deadline;
  },
): Promise<Creation> {
  const { clientId, request, idempotencyKey, deadline } = command;
  const creation = dependencies.events.creating<Creation>(async () => {
    const booking = newBooking(clientId, request, idempotencyKey);
    const claim = await dependencies.store.claim(booking, deadline);
    if (!claim.sameRequest) return { kind: 'key_reused' };
    const kind = claim.isNew ? 'created' : 'replayed';
    return { kind, booking: await confirmBooking(dependencies, claim.booking, command) };
  });
  return dependencies.inFlight.track(creation);
}

/**
 * Asks the dependency about a pending booking and settles it. The dependency knows the booking by its id, so that asking
 * again never has a second effect.
 *
 * @param context.deadline of a request: its client then gets the booking as it is. Without one, errors of storing are thrown
 */
export async function confirmBooking(
  { store, confirmations, events, inFlight }: BookingDependencies,
  booking: Booking,
  context: { requestId: string; deadline?: Deadline },
): Promise<Booking> {
  if (booking.status !== 'pending') return booking;
  const { id, reference, quantity } = booking;
  const { requestId, deadline = noDeadline } = context;
  const outcome = await confirmations.call({ reference, quantity }, { key: id, requestId, deadline });
  if (outcome.kind === 'undecided') {
    events.leftPending(booking, outcome.reason);
    return booking;
  }
  const settling = store.settle(id, outcome).then((result) => {
    if (result.settledHere) events.settled(result.booking);
    return result.booking;
  });
  // Its caller waits for the end. A shutdown must not wait as well, because there is always a next booking that is due.
  if (context.deadline === undefined) return settling;
  const told = settling.catch((error: unknown) => {
    events.outcomeNotStored(booking, error);
    return booking;
  });
  // The deadline does not cut this short: otherwise a repeat would ask again for an outcome that is known.
  return orAtDeadline(deadline, inFlight.track(told), () => booking);
}
