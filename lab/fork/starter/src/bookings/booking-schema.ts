import { type Static, Type } from 'typebox';
import { pageSchema } from '../http/page.ts';
import { defineProblems, type ProblemVocabulary } from '../http/problem-details.ts';
import { scrub } from '../privacy/scrub.ts';
import { type Booking, bookingStatuses } from './booking.ts';

/** The wire format of bookings. It validates requests, serializes responses and makes up the OpenAPI document. */

const id = Type.String({ format: 'uuid', description: 'UUIDv7' });
const reference = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._-]+$' });
const quantity = Type.Integer({ minimum: 1, maximum: 10_000 });

export const bookingRequestSchema = Type.Object(
  { reference, quantity },
  { additionalProperties: false, examples: [{ reference: 'ref-42', quantity: 2 }] },
);

export const bookingSchema = Type.Object(
  {
    id,
    status: Type.Enum([...bookingStatuses]),
    reference,
    quantity,
    confirmationId: Type.Union([Type.String(), Type.Null()], { description: 'Null unless confirmed.' }),
    reason: Type.Union([Type.String(), Type.Null()], { description: 'Null unless rejected.' }),
    createdAt: Type.String({ format: 'date-time' }),
    updatedAt: Type.String({ format: 'date-time' }),
  },
  { $id: 'Booking', additionalProperties: false },
);

export const bookingPageSchema = pageSchema('BookingPage', 'bookings', 'Booking');

export const bookingParams = Type.Object({ id });

export const listQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
    cursor: Type.Optional(Type.String({ format: 'uuid', description: 'From `nextCursor`.' })),
  },
  { additionalProperties: false },
);

/** The problems that only these routes respond with. */
export const bookingProblems = defineProblems({
  booking_not_found: {
    status: 404,
    title: 'Booking not found',
    advice: "check the id; other clients' bookings are not visible",
  },
  booking_rejected: {
    status: 422,
    title: 'Booking rejected',
    advice: 'change the request, and use a new key; `rejectionReason` says why',
  },
  idempotency_key_reused: { status: 422, title: 'Idempotency key reused', advice: 'use a new key' },
});

export const bookingVocabulary: ProblemVocabulary = {
  problems: bookingProblems,
  members: {
    bookingId: Type.String({ format: 'uuid' }),
    rejectionReason: Type.String({ description: 'The reason that the dependency gave.' }),
  },
};

/** The representation of a booking in the API. */
export function bookingBody(booking: Booking): Static<typeof bookingSchema> {
  const { status } = booking;
  return {
    id: booking.id,
    status,
    reference: booking.reference,
    quantity: booking.quantity,
    confirmationId: status === 'confirmed' ? booking.confirmationId : null,
    // The dependency wrote it, and it may hold any text.
    reason: status === 'rejected' ? scrub(booking.reason) : null,
    createdAt: booking.createdAt.toISOString(),
    updatedAt: booking.updatedAt.toISOString(),
  };
}
