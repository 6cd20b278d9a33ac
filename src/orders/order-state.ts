import type { CancelOutcome, ChargeOutcome } from '../payment/payment-gateway.ts';

/**
 * An order is `pending` until it is settled, exactly once, as `paid`, `declined`, `refused` or `cancelled`. Settled states
 * are final. The database enforces the same rule with a guarded UPDATE and a CHECK over the columns.
 */
export type OrderState =
  | { status: 'pending' }
  | { status: 'paid'; paymentId: string }
  | { status: 'declined'; declineCode: string }
  /** The gateway does not accept the charge, whatever the card; nothing was and nothing will be charged. */
  | { status: 'refused'; refusalCode: string }
  | { status: 'cancelled' };

export type OrderStatus = OrderState['status'];

/** The final states of an order. */
export type Settlement = Exclude<OrderState, { status: 'pending' }>;

export const orderStatuses = [
  'pending',
  'paid',
  'declined',
  'refused',
  'cancelled',
] as const satisfies readonly OrderStatus[];

/** What the gateway says of an order, and what the service concludes from it. */
export type Verdict =
  | ChargeOutcome
  | CancelOutcome
  /** The gateway kept refusing the charge, and has since confirmed that none stands or will be made under its key. */
  | { kind: 'given_up'; refusalCode: string };

/** The whole state machine: the state that follows from a verdict. */
export function nextState(state: OrderState, outcome: Verdict): OrderState {
  if (state.status !== 'pending') return state;
  switch (outcome.kind) {
    case 'succeeded':
      return { status: 'paid', paymentId: outcome.paymentId };
    case 'declined':
      return { status: 'declined', declineCode: outcome.declineCode };
    case 'cancelled':
      return { status: 'cancelled' };
    case 'given_up':
      return { status: 'refused', refusalCode: outcome.refusalCode };
    // An earlier attempt may have been carried out before this one was refused.
    case 'refused':
    // Nothing is decided: a later round asks again.
    case 'unavailable':
    case 'unknown':
      return state;
  }
}
