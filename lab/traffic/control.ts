import { fastify, type FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { refuseStrangers } from '../simulator/refuse-strangers.ts';
import type { TrafficHealth } from './health.ts';
import type { Traffic } from './traffic.ts';

const Rate = Type.Object(
  { rate: Type.Number({ minimum: 0, maximum: 1000 }) },
  { additionalProperties: false },
);

/** Reads and changes the rate while the traffic runs. */
export function createTrafficControl(
  traffic: Traffic,
  health: TrafficHealth,
  allowedHosts: readonly string[],
): FastifyInstance {
  const app = fastify({ forceCloseConnections: true });
  refuseStrangers(app, { allowedHosts, variable: 'TRAFFIC_ALLOWED_HOSTS' });
  const state = () => ({ rate: traffic.rate(), underWay: traffic.underWay(), skipped: traffic.skipped() });

  app.get('/health', (_request, reply) => {
    const fault = health.fault();
    return fault === undefined
      ? reply.send({ status: 'ok' })
      : reply.code(503).send({ status: 'failing', fault });
  });
  app.get('/rate', state);
  app.put<{ Body: Static<typeof Rate> }>('/rate', { schema: { body: Rate } }, (request) => {
    traffic.setRate(request.body.rate);
    return state();
  });
  return app;
}
