import type { Database, Statement } from '../postgres/database.ts';
import { durably, milliseconds } from '../postgres/portable-sql.ts';
import type { Deadline } from '../resilience/deadline.ts';
import type { Booking, BookingStatus, NewBooking } from './booking.ts';

/** Bookings in Postgres. Every method is one statement, or a few; none leaves a transaction open. */
export interface BookingStore {
  /** Stores a pending booking and claims its idempotency key, or finds the booking that has the key. */
  claim(booking: NewBooking, deadline: Deadline): Promise<Claim>;
  /** Moves a booking out of `pending`, unless it has left it. @returns its state now, and whether this call moved it */
  settle(id: string, outcome: Settlement): Promise<{ booking: Booking; settledHere: boolean }>;
  find(clientId: string, id: string, deadline: Deadline): Promise<Booking | undefined>;
  /** Newest first, those below `before`. */
  list(
    clientId: string,
    query: { before: string | undefined; limit: number },
    deadline: Deadline,
  ): Promise<Booking[]>;
}

export interface Claim {
  kind: 'new' | 'existing';
  booking: Booking;
  /** Whether the earlier request under this key asked for the same. */
  sameRequest: boolean;
}

export type Settlement = { kind: 'confirmed'; confirmationId: string } | { kind: 'rejected'; reason: string };

const columns = `id, reference, quantity, status, confirmation_id, rejection_reason,
  encode(request_hash, 'hex') AS request_hash,
  ${milliseconds('created_at')} AS created_at, ${milliseconds('updated_at')} AS updated_at`;

interface Row {
  id: string;
  reference: string;
  quantity: number;
  status: BookingStatus;
  confirmation_id: string | null;
  rejection_reason: string | null;
  request_hash: string;
  created_at: string;
  updated_at: string;
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
  text: `SELECT ${columns} FROM public.bookings WHERE id = $1 OR client_id = $2 AND idempotency_key = $3`,
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

/** A winner's transaction may not be visible yet to the statement that looks for it. */
const mostLooks = 5;

export function createBookingStore(database: Pick<Database, 'run'>): BookingStore {
  return {
    async claim(booking, deadline) {
      const { id, clientId, idempotencyKey, requestHash, reference, quantity } = booking;
      const values = [id, clientId, idempotencyKey, requestHash, reference, quantity];
      for (let look = 0; look < mostLooks; look += 1) {
        const [stored] = await database.run<Row>(insert, values, deadline);
        if (stored) return { kind: 'new', booking: toBooking(stored), sameRequest: true };
        const [found] = await database.run<Row>(findByKey, [id, clientId, idempotencyKey], deadline);
        if (found)
          return {
            kind: found.id === id ? 'new' : 'existing',
            booking: toBooking(found),
            sameRequest: found.request_hash === requestHash.toString('hex'),
          };
      }
      throw new Error(`booking ${id} conflicts with a booking that does not exist`);
    },
    async settle(id, outcome) {
      const [settled] = await database.run<Row>(settleOne, [
        id,
        outcome.kind,
        outcome.kind === 'confirmed' ? outcome.confirmationId : null,
        outcome.kind === 'rejected' ? outcome.reason : null,
      ]);
      if (settled) return { booking: toBooking(settled), settledHere: true };
      const [current] = await database.run<Row>(findById, [id, null]);
      if (current === undefined) throw new Error(`booking ${id} is gone`);
      return { booking: toBooking(current), settledHere: false };
    },
    async find(clientId, id, deadline) {
      const [row] = await database.run<Row>(findById, [id, clientId], deadline);
      return row && toBooking(row);
    },
    async list(clientId, { before, limit }, deadline) {
      const rows = await database.run<Row>(listOfClient, [clientId, before, limit], deadline);
      return rows.map(toBooking);
    },
  };
}

/** The CHECK of the table says which columns a status has. */
function toBooking(row: Row): Booking {
  const { id, reference, quantity, status } = row;
  const base = {
    id,
    reference,
    quantity,
    createdAt: new Date(Number(row.created_at)),
    updatedAt: new Date(Number(row.updated_at)),
  };
  if (status === 'confirmed') return { ...base, status, confirmationId: row.confirmation_id ?? '' };
  return status === 'rejected'
    ? { ...base, status, reason: row.rejection_reason ?? '' }
    : { ...base, status };
}
