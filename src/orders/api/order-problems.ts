import { Type } from 'typebox';
import { defineProblems, type ProblemVocabulary, RequestProblem } from '../../http/problem-details.ts';
import { orderStatuses } from '../order-state.ts';

/** The problems that only the order routes respond with. */
export const orderProblems = defineProblems({
  payment_declined: {
    status: 402,
    title: 'Payment declined',
    advice: 'the order is stored as declined; another card needs a new order',
  },
  order_not_found: {
    status: 404,
    title: 'Order not found',
    advice: "check the id; other clients' orders are not visible",
  },
  idempotency_in_progress: {
    status: 409,
    title: 'Request with this idempotency key in progress',
    advice: 'repeat it after `retry-after`',
  },
  order_busy: {
    status: 409,
    title: 'Order busy',
    advice: 'repeat it after `retry-after`: the order is being settled',
  },
  order_not_pending: {
    status: 409,
    title: 'Order no longer pending',
    advice: 'nothing: the order is settled, `orderStatus` says how',
  },
  order_cancelled: { status: 409, title: 'Order cancelled', advice: 'place a new order with a new key' },
  payment_refused: {
    status: 422,
    title: 'Payment refused',
    advice: 'nothing was charged; `refusalCode` says why; place a different order',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency key reused',
    advice: 'use a new key for a new order',
  },
  backlog_full: {
    status: 503,
    title: 'Too many pending orders',
    advice:
      'repeat it with the same key after `retry-after`; the client has used up its share of the backlog, or all have',
  },
  payment_gateway_unavailable: {
    status: 503,
    title: 'Payment gateway unavailable',
    advice:
      'nothing, or cancel again after `retry-after` to see: the order is pending, will be cancelled, and is not charged',
  },
});

export const orderProblemMembers = {
  orderId: Type.String({ format: 'uuid' }),
  orderStatus: Type.Enum([...orderStatuses]),
  declineCode: Type.String({ description: "The gateway's reason for declining the card." }),
  refusalCode: Type.String({ description: "The gateway's reason for not accepting the charge." }),
};

export const orderVocabulary: ProblemVocabulary = { problems: orderProblems, members: orderProblemMembers };

export function orderNotFound(): RequestProblem {
  return new RequestProblem(orderProblems.order_not_found, 'There is no order with this id.');
}
