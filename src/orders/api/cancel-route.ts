import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { timeoutHeader } from '../../http/deadline.ts';
import { jsonResponse, problemResponses } from '../../http/openapi.ts';
import { problems, sendProblem } from '../../http/problem-details.ts';
import { cancelOrder } from '../cancel-order.ts';
import type { Order } from '../order.ts';
import type { OrderDependencies } from '../order-dependencies.ts';
import { orderNotFound, orderProblems } from './order-problems.ts';
import { orderBody, orderParams } from './order-schema.ts';

/** `POST /orders/:id/cancel`: maps the outcomes of cancel-order.ts to responses. */
export const cancelRoute: FastifyPluginAsyncTypebox<{ dependencies: OrderDependencies }> = async (
  app,
  { dependencies },
) => {
  app.post(
    '/orders/:id/cancel',
    {
      config: { priority: 'finish' },
      schema: {
        operationId: 'cancelOrder',
        summary: 'Cancel a pending order',
        description:
          'Only a pending order can be cancelled; whatever was charged meanwhile is given back. The request can be repeated: a cancelled order is answered with 200 again.',
        tags: ['Orders'],
        headers: Type.Object(timeoutHeader),
        params: orderParams,
        security: [{ apiKey: [] }],
        response: {
          200: jsonResponse('Order', 'The order is cancelled.'),
          ...problemResponses(
            problems.invalid_request,
            orderProblems.order_not_found,
            orderProblems.order_busy,
            orderProblems.order_not_pending,
            problems.payload_too_large,
            problems.unsupported_media_type,
            orderProblems.payment_gateway_unavailable,
          ),
        },
      },
    },
    async (request, reply) => {
      const { clientId, id: requestId, deadline } = request;
      const command = { clientId, orderId: request.params.id, requestId, deadline };
      const cancellation = await cancelOrder(dependencies, command);
      switch (cancellation.kind) {
        case 'cancelled':
          return orderBody(cancellation.order);
        case 'too_late':
          return sendProblem(
            reply,
            orderProblems.order_not_pending,
            'Only a pending order can be cancelled.',
            describe(cancellation.order),
          );
        case 'in_progress':
          return sendProblem(
            reply.header('retry-after', 1),
            orderProblems.order_busy,
            'The order is being settled at this moment. Read it, or try again.',
            describe(cancellation.order),
          );
        case 'not_stored':
          return sendProblem(
            reply.header('retry-after', 1),
            problems.database_unavailable,
            'The order is still pending: the payment gateway has answered, and that could not be stored. It will be settled without being charged. Read it, or try again to cancel it.',
            describe(cancellation.order),
          );
        case 'gateway_unavailable':
          return sendProblem(
            reply.header('retry-after', 5),
            orderProblems.payment_gateway_unavailable,
            'The order is still pending. It will be cancelled once the payment gateway can be reached, and not be charged.',
            describe(cancellation.order),
          );
        case 'out_of_time':
          return sendProblem(
            reply,
            problems.deadline_exceeded,
            'The order may or may not be cancelled by now. Read it, or try again to cancel it.',
            { orderId: cancellation.order.id },
          );
        case 'not_found':
          throw orderNotFound();
      }
    },
  );
};

/** What the problem of an order says about it, which the client has to read or to cancel again. */
function describe({ id, status }: Order) {
  return { orderId: id, orderStatus: status };
}
