import type { FastifyInstance } from 'fastify';
import { bookingRoutes } from './bookings/booking-routes.ts';
import type { Targets } from './targets.ts';
import { faultRoutes } from './faults/fault-routes.ts';
import type { FaultWindows } from './faults/fault-windows.ts';
import { watchUpstreamFaults } from './faults/upstream-faults.ts';
import type { LogStore } from './logs/log-store.ts';
import type { TraceStore } from './traces/trace-store.ts';

/** What the console knows of bookings and of the dependency; the rest of it watches any service. */
export interface ConsoleDomain {
  register(app: FastifyInstance): Promise<void>;
  close(): Promise<void>;
}

/** Addresses of the page. */
export const domainAddresses = ['/bookings', '/bookings/:id', '/faults'] as const;

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
  const upstream = watchUpstreamFaults(() => target()?.upstreamUrl, faults.source());
  return {
    async register(app) {
      await app.register(bookingRoutes({ traces, logs, target }));
      await app.register(faultRoutes({ upstream }));
    },
    async close() {
      upstream.close();
    },
  };
}
