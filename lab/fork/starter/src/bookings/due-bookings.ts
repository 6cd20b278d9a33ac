import type { Database, Statement } from '../postgres/database.ts';
import { durably } from '../postgres/portable-sql.ts';
import type { Booking } from './booking.ts';
import { type BookingRow, columns, toBooking } from './booking-rows.ts';

/**
 * Leases the bookings that are due the longest. Concurrent workers get different ones. Not repeatable: a repeat would lease
 * others. The ids are an array, so that every plan looks the rows up by the primary key.
 */
const lease: Statement = {
  name: 'lease_due_bookings',
  summary: 'UPDATE bookings',
  repeatable: false,
  text: `
    UPDATE public.bookings SET due_at = now() + $2 * interval '1 ms'
    WHERE id = ANY (ARRAY(
      SELECT id FROM public.bookings WHERE status = 'pending' AND due_at <= now()
      ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
    ))
    RETURNING ${columns}, ${durably}`,
};

/** @param length of the lease, in milliseconds: a booking that is still pending then is due again */
export async function leaseDueBookings(
  database: Pick<Database, 'run'>,
  limit: number,
  length: number,
): Promise<Booking[]> {
  return (await database.run<BookingRow>(lease, [limit, length])).map(toBooking);
}
