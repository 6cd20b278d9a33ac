import type { Database, Statement } from '../postgres/database.ts';
import { lookUp } from '../postgres/look-up.ts';
import { durably } from '../postgres/portable-sql.ts';
import type { Deadline } from '../resilience/deadline.ts';
import type { Booking, NewBooking } from './booking.ts';
import { type BookingRow, columns, toBooking } from './booking-rows.ts';
import type { Decided } from './confirmation.ts';

/** Bookings in Postgres. Every method is one statement, or two; none leaves a transaction open. */
export interface BookingStore {
  /** Stores a pending booking and claims its idempotency key, or finds the booking that has the key. */
  claim(booking: NewBooking, deadline: Deadline): Promise<Claim>;
  /** Moves a booking out of `pending`, unless it has left it. @returns its state now, and whether this call moved it */
  settle(id: string, outcome: Decided): Promise<{ booking: Booking; settledHere: boolean }>;
  find(clientId: string, id: string, deadline: Deadline): Promise<Booking | undefined>;
  /** Newest first, those below `before`. */
  list(clientId: string, before: string | undefined, limit: number, deadline: Deadline): Promise<Booking[]>;
}

export interface Claim {
  booking: Booking;
  isNew: boolean;
  /** Whether the earlier request under this key asked for the same. */
  sameRequest: boolean;
}

/** Repeatable: the id exists before the first attempt, so a repeat conflicts with what the first attempt stored. */
const insert: Statement = {
  name: 'insert_booking',
  summary: 'INSERT bookings',
  repeatable: true,
  text: `
    INSERT INTO public.bookings (id, client_id, idempotency_key, request_hash, reference, quantity, status,
      created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, 'pending', now(), now())
    ON CONFLICT DO NOTHING
    RETURNING ${columns}, ${durably}`,
};

/** What a new booking conflicts with: one with its key, or itself after a lost answer. */
const findByKey: Statement = {
  name: 'find_booking_by_key',
  summary: 'SELECT bookings',
  repeatable: true,
  text: `
    SELECT ${columns}, request_hash = $4 AS same_request
    FROM public.bookings WHERE id = $1 OR client_id = $2 AND idempotency_key = $3`,
};

/** Repeatable: a booking leaves `pending` once. */
const settleOne: Statement = {
  name: 'settle_booking',
  summary: 'UPDATE bookings',
  repeatable: true,
  text: `
    UPDATE public.bookings SET status = $2, confirmation_id = $3, rejection_reason = $4, updated_at = now()
    WHERE id = $1 AND status = 'pending'
    RETURNING ${columns}, ${durably}`,
};

const findById: Statement = {
  name: 'find_booking',
  summary: 'SELECT bookings',
  repeatable: true,
  text: `SELECT ${columns} FROM public.bookings WHERE id = $1 AND ($2::text IS NULL OR client_id = $2)`,
};

const listOfClient: Statement = {
  name: 'list_bookings',
  summary: 'SELECT bookings',
  repeatable: true,
  text: `
    SELECT ${columns} FROM public.bookings
    WHERE client_id = $1 AND ($2::uuid IS NULL OR id < $2)
    ORDER BY id DESC LIMIT $3`,
};

export function createBookingStore(database: Pick<Database, 'run'>): BookingStore {
  return {
    async claim({ id, clientId, idempotencyKey, requestHash, reference, quantity }, deadline) {
      const values = [id, clientId, idempotencyKey, requestHash, reference, quantity];
      const [stored] = await database.run<BookingRow>(insert, values, deadline);
      if (stored) return { booking: toBooking(stored), isNew: true, sameRequest: true };
      const [found] = await lookUp(() =>
        database.run<BookingRow & { same_request: boolean }>(findByKey, values.slice(0, 4), deadline),
      );
      if (found === undefined) throw new Error(`booking ${id} conflicts with a booking that does not exist`);
      return { booking: toBooking(found), isNew: found.id === id, sameRequest: found.same_request };
    },
    async settle(id, outcome) {
      const confirmationId = outcome.kind === 'confirmed' ? outcome.confirmationId : null;
      const reason = outcome.kind === 'rejected' ? outcome.reason : null;
      const values = [id, outcome.kind, confirmationId, reason];
      const [settled] = await database.run<BookingRow>(settleOne, values);
      if (settled) return { booking: toBooking(settled), settledHere: true };
      const [current] = await database.run<BookingRow>(findById, [id, null]);
      if (current === undefined) throw new Error(`booking ${id} is gone`);
      return { booking: toBooking(current), settledHere: false };
    },
    async find(clientId, id, deadline) {
      const [row] = await database.run<BookingRow>(findById, [id, clientId], deadline);
      return row && toBooking(row);
    },
    async list(clientId, before, limit, deadline) {
      const rows = await database.run<BookingRow>(listOfClient, [clientId, before, limit], deadline);
      return rows.map(toBooking);
    },
  };
}
