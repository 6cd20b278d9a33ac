import type { Order } from './order.ts';

/**
 * What the order code tells about itself, in its own terms. Telemetry listens and turns it into spans, metrics and
 * log lines; nothing in here knows that.
 *
 * @see https://martinfowler.com/articles/domain-oriented-observability.html
 */
export interface OrderEvents {
  /** A new order is on disk. */
  placed(order: Order): void;
  /** An order left `pending`. */
  settled(order: Order): void;
  /** An order stays pending, because the payment is unavailable or its outcome unknown. */
  deferred(order: Order, reason: string): void;
  /** The outcome of a charge could not be written down. The order is still pending on disk. */
  outcomeNotStored(order: Order, error: unknown): void;
}
