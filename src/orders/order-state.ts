import type { CancelOutcome, ChargeOutcome } from '../payment/payment-gateway.ts';

/**
 * An order is `pending` until it is settled, exactly once, as `paid`, `declined` or `cancelled`. Settled states are
 * final. The database enforces the same rule with a guarded UPDATE and a CHECK over the columns.
 */
export type OrderState =
  | { status: 'pending' }
  | { status: 'paid'; paymentId: string }
  | { status: 'declined'; declineCode: string }
  | { status: 'cancelled' };

export type OrderStatus = OrderState['status'];

/** The final states of an order. */
export type Settlement = Exclude<OrderState, { status: 'pending' }>;

export const orderStatuses = [
  'pending',
  'paid',
  'declined',
  'cancelled',
] as const satisfies readonly OrderStatus[];

/** The whole state machine: the state that follows from an outcome at the gateway. */
export function nextState(state: OrderState, outcome: ChargeOutcome | CancelOutcome): OrderState {
  if (state.status !== 'pending') return state;
  switch (outcome.kind) {
    case 'succeeded':
      return { status: 'paid', paymentId: outcome.paymentId };
    case 'declined':
      return { status: 'declined', declineCode: outcome.declineCode };
    case 'cancelled':
      return { status: 'cancelled' };
    // Nothing is decided: a later round asks again.
    case 'unavailable':
    case 'unknown':
      return state;
  }
}
