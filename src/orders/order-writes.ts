import type { RowStatement } from '../postgres/row-writer.ts';
import type { LeasedOrder, NewOrder } from './order.ts';
import type { Settlement } from './order-state.ts';
import type { RoundHistory } from './round-history.ts';
import * as statements from './order-statements.ts';

/** The writes of orders as statements of one row, and as rows of a shared statement. Both have the same effect. */

export interface PlacedOrder {
  order: NewOrder;
  /** Milliseconds for which the order is in the hands of the caller. */
  lease: number;
}

export const placedRows: RowStatement<PlacedOrder> = {
  alone: () => statements.placeOrder,
  values: ({ order, lease }) => [
    order.id,
    order.clientId,
    order.idempotencyKey ?? null,
    Buffer.from(order.requestHash, 'hex'),
    order.request.customerId,
    order.request.currency,
    JSON.stringify(order.request.items),
    order.totalMinor,
    order.request.paymentToken,
    lease,
    order.traceparent ?? null,
  ],
  id: ({ order }) => order.id,
  together: statements.placeOrders,
  row: ({ order, lease }) => ({
    id: order.id,
    client_id: order.clientId,
    idempotency_key: order.idempotencyKey,
    request_hash: order.requestHash,
    customer_id: order.request.customerId,
    currency: order.request.currency,
    items: order.request.items,
    total_minor: order.totalMinor,
    payment_token: order.request.paymentToken,
    lease,
    traceparent: order.traceparent,
  }),
  skipsLocked: false,
};

/** A leased order that is settled, or stays pending and may be taken again after `wait` ms. */
export type RecordedOutcome = { leased: LeasedOrder } & (
  | { settlement: Settlement }
  | { wait: number; history: RoundHistory }
);

export const outcomeRows: RowStatement<RecordedOutcome> = {
  alone: (outcome) => ('wait' in outcome ? statements.releaseOrder : statements.settleOrder),
  values(outcome) {
    const { order, fencingToken } = outcome.leased;
    if ('wait' in outcome) {
      const { refusals, refusalCode, unanswered } = outcome.history;
      return [order.id, fencingToken, outcome.wait, refusals, refusalCode ?? null, unanswered];
    }
    const { status, paymentId, declineCode, refusalCode } = columnsOf(outcome.settlement);
    return [order.id, fencingToken, status, paymentId, declineCode, refusalCode];
  },
  id: ({ leased }) => leased.order.id,
  together: statements.recordOutcomes,
  row(outcome) {
    const { order, fencingToken } = outcome.leased;
    const common = { id: order.id, round: fencingToken, is_given: 1 };
    if ('wait' in outcome) {
      const { refusals, refusalCode, unanswered } = outcome.history;
      const history = { refusals, refusal_code: refusalCode, unanswered };
      return { ...common, status: 'pending', wait: outcome.wait, ...history };
    }
    const { status, paymentId, declineCode, refusalCode } = columnsOf(outcome.settlement);
    return {
      ...common,
      status,
      payment_id: paymentId,
      decline_code: declineCode,
      refusal_code: refusalCode,
    };
  },
  skipsLocked: true,
};

function columnsOf(settlement: Settlement) {
  return {
    status: settlement.status,
    paymentId: settlement.status === 'paid' ? settlement.paymentId : null,
    declineCode: settlement.status === 'declined' ? settlement.declineCode : null,
    refusalCode: settlement.status === 'refused' ? settlement.refusalCode : null,
  };
}
