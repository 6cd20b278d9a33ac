/** What the overview counts of bookings, since the service started. */
export interface DomainTotals {
  /** Settled bookings by status. */
  bookings: Record<string, number>;
}
