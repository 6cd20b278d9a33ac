import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { ServiceError } from '../errors.ts';
import { timeoutHeader } from '../http/deadline.ts';
import { answerHeaders, problemResponses } from '../http/openapi.ts';
import { sendProblem } from '../http/problem-details.ts';
import { cancelOrder } from './cancel-order.ts';
import type { Order } from './order.ts';
import { decodeCursor, encodeCursor } from './order-cursor.ts';
import {
  idempotencyHeader,
  listQuery,
  orderBody,
  orderPageSchema,
  orderParams,
  orderRequestSchema,
  orderSchema,
} from './order-schema.ts';
import type { Ordering } from './ordering.ts';
import { placeOrder } from './place-order.ts';
import type { ReadOrder } from './read-order.ts';
import { createRecentKeys } from './recent-keys.ts';

const placedHeaders = {
  ...answerHeaders,
  location: { type: 'string' },
  'idempotency-replayed': { type: 'string', const: 'true' },
};
const orderContent = { 'application/json': { schema: Type.Ref('Order') } };

const timeoutHeaders = Type.Object(timeoutHeader);

/** Enough for the last minutes of a busy replica. Some hundred bytes each. */
const rememberedKeys = 10_000;

export interface OrderRoutesOptions {
  ordering: Ordering;
  readOrder: ReadOrder;
}

/** The HTTP face of orders: reads requests, tells outcomes. What happens is in place-order.ts. */
export const orderRoutes: FastifyPluginAsyncTypebox<OrderRoutesOptions> = async (
  app,
  { ordering, readOrder },
) => {
  app.addSchema(orderSchema);
  app.addSchema(orderPageSchema);
  const recentKeys = createRecentKeys(rememberedKeys);

  app.post(
    '/orders',
    {
      config: {
        priority({ clientId, headers }) {
          const key = headers['idempotency-key'];
          return typeof key === 'string' && recentKeys.has(clientId, key) ? 'finish' : 'place';
        },
      },
      schema: {
        operationId: 'placeOrder',
        summary: 'Place an order and charge it',
        headers: Type.Object({ ...idempotencyHeader, ...timeoutHeader }),
        body: orderRequestSchema,
        security: [{ apiKey: [] }],
        response: {
          201: { description: 'The order is paid.', headers: placedHeaders, content: orderContent },
          202: {
            description:
              'The order is stored; the payment is not decided yet and will be without another request.',
            headers: placedHeaders,
            content: orderContent,
          },
          ...problemResponses(
            'invalid_request',
            'payment_declined',
            'idempotency_in_progress',
            'order_cancelled',
            'payload_too_large',
            'unsupported_media_type',
            'idempotency_key_reused',
            'backlog_full',
          ),
        },
      },
    },
    async (request, reply) => {
      const { clientId, id: requestId, deadline } = request;
      const idempotencyKey = request.headers['idempotency-key'];
      if (idempotencyKey !== undefined) recentKeys.add(clientId, idempotencyKey);
      const command = { clientId, request: request.body, idempotencyKey, requestId, deadline };
      const placement = await placeOrder(ordering, command);
      switch (placement.kind) {
        case 'placed':
          return sendPlaced(reply, placement.order);
        case 'replayed':
          return sendPlaced(reply.header('idempotency-replayed', 'true'), placement.order);
        case 'key_reused':
          return sendProblem(reply, 'idempotency_key_reused', 'Use a new key for a new order.');
        case 'in_progress':
          return sendProblem(
            reply.header('retry-after', 1),
            'idempotency_in_progress',
            'Repeat the request with the same key to learn how it ended.',
          );
        case 'backlog_full':
          return sendProblem(
            reply.header('retry-after', 5),
            'backlog_full',
            'Nothing was stored. Repeat the request later, with the same key.',
          );
      }
    },
  );

  app.get(
    '/orders/:id',
    {
      config: { priority: 'read' },
      schema: {
        operationId: 'getOrder',
        summary: 'Read an order',
        headers: timeoutHeaders,
        params: orderParams,
        security: [{ apiKey: [] }],
        response: {
          200: { description: 'The order as it stands.', headers: answerHeaders, content: orderContent },
          ...problemResponses('invalid_request', 'order_not_found'),
        },
      },
    },
    async (request) => {
      const order = await readOrder(request.clientId, request.params.id, request.deadline);
      if (order === undefined) throw orderNotFound();
      return order;
    },
  );

  app.post(
    '/orders/:id/cancel',
    {
      config: { priority: 'finish' },
      schema: {
        operationId: 'cancelOrder',
        summary: 'Cancel a pending order',
        headers: timeoutHeaders,
        params: orderParams,
        security: [{ apiKey: [] }],
        response: {
          200: { description: 'The order is cancelled.', headers: answerHeaders, content: orderContent },
          ...problemResponses(
            'invalid_request',
            'order_not_found',
            'order_busy',
            'order_not_pending',
            'payload_too_large',
            'unsupported_media_type',
            'payment_gateway_unavailable',
          ),
        },
      },
    },
    async (request, reply) => {
      const { clientId, id: requestId, deadline } = request;
      const command = { clientId, orderId: request.params.id, requestId, deadline };
      const cancellation = await cancelOrder(ordering, command);
      switch (cancellation.kind) {
        case 'cancelled':
          return orderBody(cancellation.order);
        case 'too_late':
          return sendProblem(reply, 'order_not_pending', 'Only a pending order can be cancelled.', {
            orderId: cancellation.order.id,
            orderStatus: cancellation.order.status,
          });
        case 'in_progress':
          return sendProblem(
            reply.header('retry-after', 1),
            'order_busy',
            'Somebody is settling the order at this moment. Read it, or try again.',
            { orderStatus: 'pending' },
          );
        case 'gateway_unavailable':
          return sendProblem(
            reply.header('retry-after', 5),
            'payment_gateway_unavailable',
            'The order is still pending and may still be charged. Try again to cancel it.',
            { orderStatus: 'pending' },
          );
        case 'out_of_time':
          return sendProblem(
            reply,
            'deadline_exceeded',
            'The order may or may not be cancelled by now. Read it, or try again to cancel it.',
          );
        case 'not_found':
          throw orderNotFound();
      }
    },
  );

  app.get(
    '/orders',
    {
      config: { priority: 'list' },
      schema: {
        operationId: 'listOrders',
        summary: 'List orders, newest first',
        headers: timeoutHeaders,
        querystring: listQuery,
        security: [{ apiKey: [] }],
        response: {
          200: {
            description: 'One page.',
            headers: answerHeaders,
            content: { 'application/json': { schema: Type.Ref('OrderPage') } },
          },
          ...problemResponses('invalid_request'),
        },
      },
    },
    async (request, reply) => {
      const { status, customerId, limit = 20, cursor } = request.query;
      const before = cursor === undefined ? undefined : decodeCursor(cursor);
      if (cursor !== undefined && before === undefined) {
        return sendProblem(reply, 'invalid_request', 'See `errors` for what to change.', {
          errors: [{ in: 'query', pointer: '/cursor', detail: 'must be a `nextCursor` of an earlier page' }],
        });
      }
      // One more than asked for tells whether there is a next page.
      const found = await ordering.store.list(
        request.clientId,
        { status, customerId, before, limit: limit + 1 },
        request.deadline,
      );
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      return { orders: page.map(orderBody), nextCursor: last ? encodeCursor(last.id) : null };
    },
  );
};

function orderNotFound(): ServiceError {
  return new ServiceError('order_not_found', 'There is no order with this id.');
}

/** The status code follows from the state of the order, be the request the first or a repeated one. */
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
        'payment_declined',
        'The order is stored as declined. Place a new one with another card.',
        {
          orderId: order.id,
          declineCode: order.declineCode,
        },
      );
    case 'cancelled':
      return sendProblem(reply, 'order_cancelled', 'Place a new order, with a new idempotency key.', {
        orderId: order.id,
      });
  }
}
