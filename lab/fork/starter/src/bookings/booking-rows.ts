import { milliseconds } from '../postgres/portable-sql.ts';
import { type Booking, type bookingStatuses } from './booking.ts';

/** What a statement selects or returns of a booking. */
export const columns = `id, client_id, reference, quantity, status, confirmation_id, rejection_reason,
  ${milliseconds('created_at')} AS created_at, ${milliseconds('updated_at')} AS updated_at`;

export interface BookingRow {
  id: string;
  client_id: string;
  reference: string;
  quantity: number;
  status: (typeof bookingStatuses)[number];
  confirmation_id: string | null;
  rejection_reason: string | null;
  created_at: string;
  updated_at: string;
}

/** The CHECK of the table says which columns a status has. */
export function toBooking(row: BookingRow): Booking {
  const { id, reference, quantity, status } = row;
  const [createdAt, updatedAt] = [new Date(Number(row.created_at)), new Date(Number(row.updated_at))];
  const base = { id, clientId: row.client_id, reference, quantity, createdAt, updatedAt };
  if (status === 'confirmed') return { ...base, status, confirmationId: row.confirmation_id ?? '' };
  if (status === 'rejected') return { ...base, status, reason: row.rejection_reason ?? '' };
  return { ...base, status };
}
