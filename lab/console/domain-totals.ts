/** What the overview counts of orders, since the service started. */
export interface DomainTotals {
  /** Value of paid orders in minor units, by currency. */
  revenue: Record<string, number>;
  /** Settled orders by status. */
  orders: Record<string, number>;
}
