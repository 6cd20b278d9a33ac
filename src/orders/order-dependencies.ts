import type { PaymentGateway } from '../payment/payment-gateway.ts';
import type { Backlog } from './backlog.ts';
import type { OrderEvents } from './order-events.ts';
import type { OrderStore } from './order-store.ts';

/** What placing, settling and cancelling orders is made of. */
export interface OrderDependencies {
  store: OrderStore;
  payments: PaymentGateway;
  events: OrderEvents;
  backlog: Backlog;
  policy: SettlementPolicy;
}

export interface SettlementPolicy {
  /** Milliseconds for which an order belongs to whoever took it. Longer than any holder is at work. */
  lease: number;
  /** Milliseconds after which an order that is still pending is cancelled, at the gateway first. */
  deadline: number;
  /** Pending orders at which no new ones are accepted. */
  maxPending: number;
  /** Waits between the rounds of settling one order. */
  backoff: { base: number; floor: number; cap: number };
}
