import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { timeoutHeader } from '../../http/deadline.ts';
import { jsonResponse, problemResponses } from '../../http/openapi.ts';
import { problems, seeErrors, sendProblem } from '../../http/problem-details.ts';
import type { OrderEvents } from '../order-events.ts';
import type { ListedOrder, OrderStore } from '../order-store.ts';
import { decodeCursor, encodeCursor } from './order-cursor.ts';
import { orderNotFound, orderProblems } from './order-problems.ts';
import { listQuery, orderBody, orderParams } from './order-schema.ts';
import type { ReadOrder } from './read-order.ts';

const timeoutHeaders = Type.Object(timeoutHeader);

/** Items of the orders on one page, which keeps its size below 200 kB. */
const mostItems = 1000;

/** The orders that one page holds: at least one, at most `limit`, and none that brings its items above their bound. */
function firstPage(orders: readonly ListedOrder[], limit: number): readonly ListedOrder[] {
  let items = 0;
  const end = orders.findIndex(({ order }, index) => {
    items += order.items.length;
    return index === limit || (items > mostItems && index > 0);
  });
  return end === -1 ? orders : orders.slice(0, end);
}

/** `GET /orders/:id` and `GET /orders`. */
export const readRoutes: FastifyPluginAsyncTypebox<{
  readOrder: ReadOrder;
  store: Pick<OrderStore, 'list'>;
  events: Pick<OrderEvents, 'found'>;
}> = async (app, { readOrder, store, events }) => {
  app.get(
    '/orders/:id',
    {
      config: { priority: 'read' },
      schema: {
        operationId: 'getOrder',
        summary: 'Read an order',
        description:
          'Only orders of the same client are found. Repeat the request at any time; while the order is `pending`, about once a second is enough.',
        tags: ['Orders'],
        headers: timeoutHeaders,
        params: orderParams,
        security: [{ apiKey: [] }],
        response: {
          200: jsonResponse('Order', 'The order in its current state.'),
          ...problemResponses(problems.invalid_request, orderProblems.order_not_found),
        },
      },
    },
    async (request) => {
      const order = await readOrder(request.clientId, request.params.id, request.deadline);
      if (order === undefined) throw orderNotFound();
      events.found(order.id);
      return order;
    },
  );

  app.get(
    '/orders',
    {
      config: { priority: 'list', largeAnswers: true },
      schema: {
        operationId: 'listOrders',
        summary: 'List orders, newest first',
        description:
          'The orders of the client, in pages. Pass `nextCursor` as `cursor` until it is null. Orders that are placed meanwhile are not in later pages.',
        tags: ['Orders'],
        headers: timeoutHeaders,
        querystring: listQuery,
        security: [{ apiKey: [] }],
        response: {
          200: jsonResponse('OrderPage', 'One page.'),
          ...problemResponses(problems.invalid_request),
        },
      },
    },
    async (request, reply) => {
      const { status, customerId, limit = 20, cursor } = request.query;
      const before = cursor === undefined ? undefined : decodeCursor(cursor);
      if (cursor !== undefined && before === undefined) {
        return sendProblem(reply, problems.invalid_request, seeErrors, {
          errors: [{ in: 'query', pointer: '/cursor', detail: 'must be a `nextCursor` of an earlier page' }],
        });
      }
      // One order more than requested shows whether there is a next page.
      const found = await store.list(
        request.clientId,
        { status, customerId, before, limit: limit + 1 },
        request.deadline,
      );
      const page = firstPage(found, limit);
      const last = found.length > page.length ? page.at(-1) : undefined;
      return {
        orders: page.map(({ order }) => orderBody(order)),
        nextCursor: last ? encodeCursor(last.position) : null,
      };
    },
  );
};
