import { hash, randomUUIDv7 } from 'node:crypto';

export interface BookingRequest {
  /** What is booked, in words of the client. */
  reference: string;
  quantity: number;
}

export const bookingStatuses = ['pending', 'confirmed', 'rejected'] as const;

/** A booking leaves `pending` once. */
export type Booking = BookingRequest & {
  /** UUIDv7 (RFC 9562): new rows stand together in the primary key, and in the sequence of their creation. */
  id: string;
  clientId: string;
  createdAt: Date;
  updatedAt: Date;
} & (
    | { status: 'pending' }
    | { status: 'confirmed'; confirmationId: string }
    | { status: 'rejected'; reason: string }
  );

/** A booking that is to be stored. */
export interface NewBooking extends BookingRequest {
  id: string;
  clientId: string;
  idempotencyKey: string | undefined;
  requestHash: Buffer;
}

export function newBooking(
  clientId: string,
  { reference, quantity }: BookingRequest,
  idempotencyKey: string | undefined,
): NewBooking {
  const requestHash = hash('sha256', JSON.stringify([reference, quantity]), 'buffer');
  return { id: randomUUIDv7(), clientId, idempotencyKey, reference, quantity, requestHash };
}
