import type { LeasedOrder, Order } from './order.ts';

/**
 * Domain probe of the order code: it reports events in the terms of the domain, and telemetry turns them into spans,
 * metrics and log lines. The order code knows none of these.
 *
 * @see https://martinfowler.com/articles/domain-oriented-observability.html
 */
export interface OrderEvents {
  /** Wraps the placing of an order. */
  placing<T extends { kind: string; order?: Order }>(work: () => Promise<T>): Promise<T>;
  /** The current trace as a W3C `traceparent`. It is stored with the order, so that its settlement can link to it. */
  traceparent(): string | undefined;
  /** A request that names an order has found it. */
  found(orderId: string): void;
  /** A new order was stored. */
  placed(order: Order): void;
  /** An order left `pending`. Called once per order, by the holder that settled it. */
  settled(order: Order): void;
  /** An order stays pending, because the gateway is unavailable, the outcome is unknown, or the charge was refused. */
  leftPending(order: Order, reason: string): void;
  /** The gateway's outcome could not be stored. The order is still pending on disk. */
  outcomeNotStored(order: Order, error: unknown): void;
  /** Wraps one settlement round of an order. */
  settling(leased: LeasedOrder, round: () => Promise<Order>): Promise<Order>;
  /**
   * The settlement worker cannot query for due orders, or cannot for another reason than before, or a round of an order
   * has failed. It keeps trying.
   */
  settlementFailed(error: unknown): void;
  /** It can query for them again. */
  settlementResumed(): void;
}
