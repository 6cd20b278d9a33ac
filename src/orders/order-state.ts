import type { CancelOutcome, ChargeOutcome } from '../payment/payment-gateway.ts';

/**
 * An order is `pending` until it is settled, and settled once: as `paid`, `declined` or `cancelled`. Nothing leads
 * out of a settled state. The database holds the same rule: a guarded UPDATE and a CHECK over the columns.
 */
export type OrderState =
  | { status: 'pending' }
  | { status: 'paid'; paymentId: string }
  | { status: 'declined'; declineCode: string }
  | { status: 'cancelled' };

export type OrderStatus = OrderState['status'];

/** The states that end an order. */
export type Settlement = Exclude<OrderState, { status: 'pending' }>;

export const orderStatuses = [
  'pending',
  'paid',
  'declined',
  'cancelled',
] as const satisfies readonly OrderStatus[];

/** What the gateway said, and what becomes of the order: the whole state machine. */
export function nextState(state: OrderState, outcome: ChargeOutcome | CancelOutcome): OrderState {
  if (state.status !== 'pending') return state;
  switch (outcome.kind) {
    case 'succeeded':
      return { status: 'paid', paymentId: outcome.paymentId };
    case 'declined':
      return { status: 'declined', declineCode: outcome.declineCode };
    case 'cancelled':
      return { status: 'cancelled' };
    // Not asked, or not known: only another question can tell.
    case 'unavailable':
    case 'unknown':
      return state;
  }
}
