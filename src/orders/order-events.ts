import type { LeasedOrder, Order } from './order.ts';

/**
 * What the order code tells about itself, in its own terms. Telemetry listens and turns it into spans, metrics and
 * log lines; nothing in here knows that.
 *
 * @see https://martinfowler.com/articles/domain-oriented-observability.html
 */
export interface OrderEvents {
  /** The placing of an order, from start to end. */
  placing<T extends { kind: string; order?: Order }>(work: () => Promise<T>): Promise<T>;
  /** The trace that the work at hand belongs to, as a W3C `traceparent`; kept with the order for whoever settles it. */
  traceparent(): string | undefined;
  /** A new order is on disk. */
  placed(order: Order): void;
  /** An order left `pending`. Told once per order, by whoever settled it. */
  settled(order: Order): void;
  /** An order stays pending, because the gateway is unavailable or what it did is unknown. */
  leftPending(order: Order, reason: string): void;
  /** What the gateway said could not be written down. The order is still pending on disk. */
  outcomeNotStored(order: Order, error: unknown): void;
  /** One round of settling an order, from start to end. */
  settling(leased: LeasedOrder, round: () => Promise<Order>): Promise<Order>;
  /** The settlement worker could not look for orders. It tries again. */
  settlementFailed(error: unknown): void;
}
