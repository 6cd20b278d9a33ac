import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { FaultState } from '../api-types.ts';
import { type GatewaySettings, controls } from './gateway-faults.ts';
import { scenarios } from './scenarios.ts';
import type { SimulatorSetting } from './simulator-setting.ts';
import { toxicControls, type ProxyList, proxiesOf } from './network-faults.ts';
import { networkScenarios } from './network-scenarios.ts';

/** Whether the settings are valid is for the simulator to say, in its own words. */
const Settings = Type.Object({}, { additionalProperties: true });

const Name = Type.Object({ name: Type.String({ pattern: '^[a-z]{1,32}$' }) });

/** Everything that can be broken, and the one way back. */
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
    app.put('/api/wires/:name', { schema: { params: Name, body: Settings } }, async (request, reply) =>
      answer(reply, await network.change('PUT', `/wires/${request.params.name}`, request.body)),
    );
    /** Restores the network, too, whichever of the two does not answer. */
    app.delete('/api/faults', async (_request, reply) => {
      const said = await Promise.all([
        gateway.change('DELETE', '/faults'),
        network.change('DELETE', '/wires'),
      ]);
      return answer(reply, ...said);
    });
  };
}
