import { Type } from 'typebox';
import { defineProblems, type ProblemVocabulary, RequestProblem } from '../../http/problem-details.ts';
import { orderStatuses } from '../order-state.ts';

/** The problems that only the order routes respond with. */
export const orderProblems = defineProblems({
  payment_declined: { status: 402, title: 'Payment declined' },
  order_not_found: { status: 404, title: 'Order not found' },
  idempotency_in_progress: { status: 409, title: 'Request with this idempotency key in progress' },
  order_busy: { status: 409, title: 'Order busy' },
  order_not_pending: { status: 409, title: 'Order no longer pending' },
  order_cancelled: { status: 409, title: 'Order cancelled' },
  idempotency_key_reused: { status: 422, title: 'Idempotency key reused' },
  backlog_full: { status: 503, title: 'Too many pending orders' },
  payment_gateway_unavailable: { status: 503, title: 'Payment gateway unavailable' },
});

export const orderProblemMembers = {
  orderId: Type.String({ format: 'uuid' }),
  orderStatus: Type.Enum([...orderStatuses]),
  declineCode: Type.String({ description: "The gateway's reason for declining the card." }),
};

export const orderVocabulary: ProblemVocabulary = { problems: orderProblems, members: orderProblemMembers };

export function orderNotFound(): RequestProblem {
  return new RequestProblem(orderProblems.order_not_found, 'There is no order with this id.');
}
