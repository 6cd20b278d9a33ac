import { type Deadline, orAtDeadline } from '../resilience/deadline.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { type Booking, type BookingRequest, newBooking } from './booking.ts';
import type { BookingStore } from './booking-store.ts';

export interface BookingDependencies {
  store: BookingStore;
  upstream: Pick<Upstream, 'confirm'>;
  events: BookingEvents;
}

/** Domain probe: telemetry turns its events into spans, metrics and log lines. */
export interface BookingEvents {
  /** Wraps the creation of a booking. */
  creating<T extends { kind: string; booking?: Booking | undefined }>(work: () => Promise<T>): Promise<T>;
  /** A booking left `pending`. Called once per booking. */
  settled(booking: Booking): void;
  leftPending(booking: Booking, reason: string): void;
}

export type Creation =
  | { kind: 'created'; booking: Booking }
  /** The key and the request are known. This is the booking in its current state. */
  | { kind: 'replayed'; booking: Booking }
  /** The key belongs to another request. */
  | { kind: 'key_reused'; booking?: undefined };

/**
 * Creates a booking: stores it as pending under its idempotency key, asks the dependency and settles it. Whatever breaks on
 * the way, the booking is on disk, and the dependency knows it by its id: a repeat of the request asks again and never has
 * a second effect.
 *
 * @throws {ServiceError} `deadline_exceeded` when nothing was stored in time; `database_unavailable`
 */
export function createBooking(
  { store, upstream, events }: BookingDependencies,
  command: {
    clientId: string;
    request: BookingRequest;
    idempotencyKey: string | undefined;
    requestId: string;
    deadline: Deadline;
  },
): Promise<Creation> {
  return events.creating<Creation>(async () => {
    const { clientId, request, idempotencyKey, requestId, deadline } = command;
    const claim = await store.claim(newBooking(clientId, request, idempotencyKey), deadline);
    if (!claim.sameRequest) return { kind: 'key_reused' };
    const { booking } = claim;
    const kind = claim.kind === 'new' ? 'created' : 'replayed';
    if (booking.status !== 'pending') return { kind, booking };

    const { id, reference, quantity } = booking;
    const outcome = await upstream.confirm({ key: id, reference, quantity }, { requestId, deadline });
    if (outcome.kind === 'undecided') {
      events.leftPending(booking, outcome.reason);
      return { kind, booking };
    }
    // The deadline does not cut this short: otherwise a repeat would ask again for an outcome that is known.
    const settling = store.settle(id, outcome).then((result) => {
      if (result.settledHere) events.settled(result.booking);
      return result.booking;
    });
    return { kind, booking: await orAtDeadline(deadline, settling, () => booking) };
  });
}
