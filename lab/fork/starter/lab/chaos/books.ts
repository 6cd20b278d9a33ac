import type { Reply } from './callers.ts';

/**
 * Compares three books after an experiment: the answers that callers got, the bookings in Postgres and the confirmations
 * of the dependency. Pure, so that a test can plant each kind of fault and check that the audit finds it.
 */

export interface StoredBooking {
  id: string;
  key: string | null;
  status: string;
  confirmationId: string | null;
}

export interface Books {
  replies: readonly Reply[];
  bookings: readonly StoredBooking[];
  /** By the key that the dependency was given, which is the id of the booking. */
  confirmations: Readonly<Record<string, string>>;
}

/** @returns what is wrong, one sentence each */
export function audit({ replies, bookings, confirmations }: Books): string[] {
  const byId = new Map(bookings.map((booking) => [booking.id, booking]));
  const accepted = replies.filter(({ status }) => status === 201 || status === 202);
  return [
    ...accepted.flatMap(({ key, id = '', status }) => {
      const booking = byId.get(id);
      if (booking?.key !== key) return [`${id} was accepted under ${key}, and is not stored`];
      const isContradicted = status === 201 && booking.status !== 'confirmed';
      return isContradicted ? [`${id} was answered as confirmed, and is ${booking.status}`] : [];
    }),
    ...[...Map.groupBy(bookings, ({ key }) => key)].flatMap(([key, all]) =>
      key !== null && all.length > 1 ? [`${key} has ${all.length} bookings`] : [],
    ),
    ...bookings.flatMap(({ id, status, confirmationId }) =>
      status === 'confirmed' && confirmations[id] !== confirmationId
        ? [
            `${id} is confirmed by ${confirmationId}, and the dependency says ${confirmations[id] ?? 'nothing'}`,
          ]
        : [],
    ),
    ...Object.keys(confirmations).flatMap((id) =>
      byId.get(id)?.status === 'confirmed'
        ? []
        : [`the dependency has confirmed ${id}, and it is not confirmed`],
    ),
  ];
}
