import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { FaultState } from '../api-types.ts';
import { type GatewaySettings, controls } from './gateway-faults.ts';
import { scenarios } from './scenarios.ts';
import type { SimulatorSetting } from './simulator-setting.ts';
import { toxicControls, type ProxyList, proxiesOf } from './network-faults.ts';
import { networkScenarios } from './network-scenarios.ts';

/** The simulator validates the settings, so that its own messages reach the user. */
const Settings = Type.Object({}, { additionalProperties: true });

const Name = Type.Object({ name: Type.String({ pattern: '^[a-z]{1,32}$' }) });

/** Sets faults of the gateway and the network, and restores both at once. */
export function faultRoutes({
  gateway,
  network,
}: {
  gateway: SimulatorSetting<GatewaySettings>;
  network: SimulatorSetting<ProxyList>;
}): FastifyPluginAsyncTypebox {
  function state(): FaultState {
    const settings = gateway.value();
    const connected = proxiesOf(network.value() ?? {});
    return {
      ...(settings ? { settings } : { unavailable: gateway.unavailable() }),
      controls: [...controls],
      scenarios: [...scenarios],
      network: connected,
      toxicControls: [...toxicControls],
      networkScenarios: networkScenarios.filter(({ proxy }) => connected.some(({ name }) => name === proxy)),
    };
  }

  function answer(reply: FastifyReply, ...said: ReadonlyArray<{ status: number; body: unknown }>) {
    const refused = said.find(({ status }) => status !== 200);
    return refused === undefined ? state() : reply.code(refused.status).send(refused.body);
  }

  return async (app) => {
    app.get('/api/faults', () => state());
    app.put('/api/faults', { schema: { body: Settings } }, async (request, reply) =>
      answer(reply, await gateway.change('PUT', '/faults', request.body)),
    );
    app.put('/api/network/:name', { schema: { params: Name, body: Settings } }, async (request, reply) =>
      answer(reply, await network.change('PUT', `/network/${request.params.name}`, request.body)),
    );
    /** Restores the gateway and the network, even if one of the two requests fails. */
    app.delete('/api/faults', async (_request, reply) => {
      const said = await Promise.all([
        gateway.change('DELETE', '/faults'),
        network.change('DELETE', '/network'),
      ]);
      return answer(reply, ...said);
    });
  };
}
