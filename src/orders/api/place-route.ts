import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { timeoutHeader } from '../../http/deadline.ts';
import { idempotencyHeader } from '../../http/idempotency/idempotency-header.ts';
import { readIdempotencyKey } from '../../http/idempotency/idempotency-key.ts';
import { createdHeaders, jsonResponse, problemResponses } from '../../http/openapi.ts';
import { problems, seeErrors, sendProblem } from '../../http/problem-details.ts';
import { isCardNumber } from '../../privacy/card-numbers.ts';
import { scrub } from '../../privacy/scrub.ts';
import type { Order } from '../order.ts';
import type { OrderDependencies } from '../order-dependencies.ts';
import { placeOrder } from '../place-order.ts';
import { orderProblems } from './order-problems.ts';
import { orderBody, orderRequestSchema } from './order-schema.ts';
import { createRecentKeys } from './recent-keys.ts';

const noKey = { key: undefined, formerKey: undefined };

/** Covers the last minutes of a busy replica, at a few hundred bytes per key. */
const rememberedKeys = 10_000;

/** `POST /orders`: maps the outcomes of place-order.ts to responses. */
export const placeRoute: FastifyPluginAsyncTypebox<{ dependencies: OrderDependencies }> = async (
  app,
  { dependencies },
) => {
  const recentKeys = createRecentKeys(rememberedKeys);

  app.post(
    '/orders',
    {
      config: {
        priority({ clientId, headers }) {
          const given = headers['idempotency-key'];
          if (typeof given !== 'string') return 'place';
          return recentKeys.has(clientId, readIdempotencyKey(given).key) ? 'finish' : 'place';
        },
        highestPriority(headers) {
          const given = headers['idempotency-key'];
          if (typeof given !== 'string') return 'place';
          return recentKeys.hasOfAnyone(readIdempotencyKey(given).key) ? 'finish' : 'place';
        },
      },
      schema: {
        operationId: 'placeOrder',
        summary: 'Place an order and charge it',
        description:
          'With 201 the order is paid. With 202 it is stored and its payment is not decided yet: read the order until its status is not `pending`; no second request is needed. After a timeout, a lost connection or a 5xx answer, repeat the request with the same `Idempotency-Key` and the same body: the card is charged at most once.',
        tags: ['Orders'],
        headers: Type.Object({ ...idempotencyHeader('order-1'), ...timeoutHeader }),
        body: orderRequestSchema,
        security: [{ apiKey: [] }],
        response: {
          201: jsonResponse('Order', 'The order is paid.', createdHeaders),
          202: jsonResponse(
            'Order',
            'The order is stored as pending. The payment will be decided without another request.',
            createdHeaders,
          ),
          ...problemResponses(
            problems.invalid_request,
            orderProblems.payment_declined,
            orderProblems.idempotency_in_progress,
            orderProblems.order_cancelled,
            problems.payload_too_large,
            problems.unsupported_media_type,
            orderProblems.payment_refused,
            orderProblems.idempotency_key_reused,
            orderProblems.backlog_full,
          ),
        },
      },
    },
    async (request, reply) => {
      const { clientId, id: requestId, deadline } = request;
      // A token is stored while the order is pending, and a card number must never be.
      if (isCardNumber(request.body.paymentToken)) {
        return sendProblem(reply, problems.invalid_request, seeErrors, {
          errors: [
            {
              in: 'body',
              pointer: '/paymentToken',
              detail: 'must be a token of the payment gateway, not a card number',
            },
          ],
        });
      }
      const given = request.headers['idempotency-key'];
      const { key: idempotencyKey, formerKey } = given === undefined ? noKey : readIdempotencyKey(given);
      if (idempotencyKey !== undefined) recentKeys.add(clientId, idempotencyKey);
      const command = { clientId, request: request.body, idempotencyKey, formerKey, requestId, deadline };
      const placement = await placeOrder(dependencies, command);
      switch (placement.kind) {
        case 'placed':
          return sendPlaced(reply, placement.order);
        case 'replayed':
          return sendPlaced(reply.header('idempotency-replayed', 'true'), placement.order);
        case 'key_reused':
          return sendProblem(reply, orderProblems.idempotency_key_reused, 'Use a new key for a new order.');
        case 'in_progress':
          return sendProblem(
            reply.header('retry-after', 1),
            orderProblems.idempotency_in_progress,
            'Repeat the request with the same key to learn how it ended.',
            { orderId: placement.orderId },
          );
        case 'backlog_full':
          return sendProblem(
            reply.header('retry-after', 5),
            orderProblems.backlog_full,
            'Nothing was stored. Repeat the request later, with the same key.',
          );
      }
    },
  );
};

/** The status code follows from the state of the order, whether this is the first request or a repeat. */
function sendPlaced(reply: FastifyReply, order: Order): FastifyReply {
  reply.header('location', `/orders/${order.id}`);
  switch (order.status) {
    case 'paid':
      return reply.code(201).send(orderBody(order));
    case 'pending':
      return reply.code(202).send(orderBody(order));
    case 'declined':
      return sendProblem(
        reply,
        orderProblems.payment_declined,
        'The order is stored as declined. Place a new one with another card.',
        // The gateway wrote the decline code, and it may hold any text.
        { orderId: order.id, declineCode: scrub(order.declineCode) },
      );
    case 'refused':
      return sendProblem(
        reply,
        orderProblems.payment_refused,
        'The payment gateway does not accept this charge, whatever the card. Nothing was charged. Place a different order.',
        { orderId: order.id, refusalCode: scrub(order.refusalCode) },
      );
    case 'cancelled':
      return sendProblem(
        reply,
        orderProblems.order_cancelled,
        'Place a new order, with a new idempotency key.',
        { orderId: order.id },
      );
  }
}
