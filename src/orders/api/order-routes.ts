import type { FastifyPluginAsync } from 'fastify';
import type { OrderDependencies } from '../order-dependencies.ts';
import { cancelRoute } from './cancel-route.ts';
import { orderPageSchema, orderSchema } from './order-schema.ts';
import { placeRoute } from './place-route.ts';
import type { ReadOrder } from './read-order.ts';
import { readRoutes } from './read-routes.ts';

export interface OrderRoutesOptions {
  dependencies: OrderDependencies;
  readOrder: ReadOrder;
}

/** The HTTP API of orders, one file per use case. */
export const orderRoutes: FastifyPluginAsync<OrderRoutesOptions> = async (
  app,
  { dependencies, readOrder },
) => {
  app.addSchema(orderSchema);
  app.addSchema(orderPageSchema);
  await app.register(placeRoute, { dependencies });
  await app.register(readRoutes, { readOrder, store: dependencies.store, events: dependencies.events });
  await app.register(cancelRoute, { dependencies });
};
