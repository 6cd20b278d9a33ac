import type { FastifyInstance } from 'fastify';
import type { Targets } from './targets.ts';
import { faultRoutes } from './faults/fault-routes.ts';
import type { FaultWindows } from './faults/fault-windows.ts';
import { watchGatewayFaults } from './faults/gateway-faults.ts';
import { watchNetworkFaults } from './faults/network-faults.ts';
import type { LogStore } from './logs/log-store.ts';
import { createOrderLists } from './orders/order-list.ts';
import { orderRoutes } from './orders/order-routes.ts';
import type { TraceStore } from './traces/trace-store.ts';

/** What the console knows of orders and of the payment gateway; the rest of it watches any service. */
export interface ConsoleDomain {
  register(app: FastifyInstance): Promise<void>;
  close(): Promise<void>;
}

/** Addresses of the page. */
export const domainAddresses = ['/orders', '/orders/:id', '/faults', '/tours', '/tours/:name'] as const;

/** @param target read at each use, because it may become known later */
export function createConsoleDomain({
  target,
  traces,
  logs,
  faults,
}: {
  target: () => Targets | undefined;
  traces: TraceStore;
  logs: LogStore;
  faults: FaultWindows;
}): ConsoleDomain {
  const gateway = watchGatewayFaults(() => target()?.gatewayUrl, faults.source());
  const network = watchNetworkFaults(() => target()?.gatewayUrl, faults.source());
  const orders = createOrderLists(target);
  return {
    async register(app) {
      await app.register(orderRoutes({ traces, logs, target }, orders));
      await app.register(faultRoutes({ gateway, network }));
    },
    async close() {
      gateway.close();
      network.close();
      await orders.close();
    },
  };
}
