import type { InFlight } from '../in-flight.ts';
import type { PaymentGateway } from '../payment/payment-gateway.ts';
import type { Backoff } from '../resilience/backoff.ts';
import type { Backlog } from './backlog.ts';
import type { OrderEvents } from './order-events.ts';
import type { OrderStore } from './order-store.ts';

/** The parts that placing, settling and cancelling orders share. */
export interface OrderDependencies {
  store: OrderStore;
  payments: PaymentGateway;
  events: OrderEvents;
  backlog: Backlog;
  inFlight: InFlight;
  policy: SettlementPolicy;
}

export interface SettlementPolicy {
  /** Length of a lease in milliseconds. It is longer than any holder works on an order. */
  lease: number;
  /** Age in milliseconds at which a pending order is cancelled, first at the gateway. */
  deadline: number;
  /** Rounds in which the gateway may refuse a charge before its order is settled as refused. */
  maxRefusals: number;
  /** Waits between the settlement rounds of one order, in milliseconds. */
  backoff: Backoff;
}
