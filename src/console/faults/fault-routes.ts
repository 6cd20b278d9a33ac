import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { GatewayFaults } from './gateway-faults.ts';

/** Whether the settings are valid is for the simulator to say, in its own words. */
const Settings = Type.Object({}, { additionalProperties: true });

export function faultRoutes(gateway: GatewayFaults): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/api/faults', () => gateway.state());
    app.put('/api/faults', { schema: { body: Settings } }, async (request, reply) => {
      const { status, body } = await gateway.set(request.body);
      return status === 200 ? gateway.state() : reply.code(status).send(body);
    });
    app.delete('/api/faults', async (_request, reply) => {
      const { status, body } = await gateway.restore();
      return status === 200 ? gateway.state() : reply.code(status).send(body);
    });
  };
}
