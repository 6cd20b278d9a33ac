import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { problem } from '../../simulator/answer.ts';
import { type OrderSources, orderLife } from './order-life.ts';
import { type OrderLists, OrderQuery } from './order-list.ts';
import { placeOrder } from './place-order.ts';

const Id = Type.Object({ id: Type.String({ pattern: '^[\\w-]{1,100}$' }) });

const PlaceBody = Type.Object(
  { paymentToken: Type.String({ pattern: '^[A-Za-z0-9._-]{1,128}$' }) },
  { additionalProperties: false },
);

/** Orders, for the page. */
export function orderRoutes(sources: OrderSources, orders: OrderLists): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post('/api/orders', { schema: { body: PlaceBody } }, async (request, reply) => {
      try {
        const at = sources.target();
        if (at !== undefined) return await placeOrder(at, request.body.paymentToken);
      } catch {
        // Said below.
      }
      const { status, headers, body } = problem(502, 'service_unavailable', 'The service does not answer.');
      return reply.code(status).headers(headers).send(body);
    });

    app.get('/api/orders', { schema: { querystring: OrderQuery } }, (request) =>
      orders.newest(request.query),
    );

    app.get('/api/orders/:id', { schema: { params: Id } }, async (request, reply) => {
      const life = await orderLife(request.params.id, sources);
      return reply.type('application/json; charset=utf-8').send(life);
    });
  };
}
