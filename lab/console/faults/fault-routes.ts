import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { FaultState } from '../api-types.ts';
import { type GatewaySettings, knobs } from './gateway-faults.ts';
import { scenarios } from './scenarios.ts';
import type { SimulatorSetting } from './simulator-setting.ts';
import { toxicKnobs, type WireList, wiresOf } from './network-faults.ts';
import { wireScenarios } from './network-scenarios.ts';

/** Whether the settings are valid is for the simulator to say, in its own words. */
const Settings = Type.Object({}, { additionalProperties: true });

const Name = Type.Object({ name: Type.String({ pattern: '^[a-z]{1,32}$' }) });

/** Everything that can be broken, and the one way back. */
export function faultRoutes({
  gateway,
  wires,
}: {
  gateway: SimulatorSetting<GatewaySettings>;
  wires: SimulatorSetting<WireList>;
}): FastifyPluginAsyncTypebox {
  function state(): FaultState {
    const settings = gateway.value();
    const connected = wiresOf(wires.value() ?? {});
    return {
      ...(settings ? { settings } : { unavailable: gateway.unavailable() }),
      knobs: [...knobs],
      scenarios: [...scenarios],
      wires: connected,
      toxicKnobs: [...toxicKnobs],
      wireScenarios: wireScenarios.filter(({ wire }) => connected.some(({ name }) => name === wire)),
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
      answer(reply, await wires.change('PUT', `/wires/${request.params.name}`, request.body)),
    );
    /** Restores the network, too, whichever of the two does not answer. */
    app.delete('/api/faults', async (_request, reply) => {
      const said = await Promise.all([gateway.change('DELETE', '/faults'), wires.change('DELETE', '/wires')]);
      return answer(reply, ...said);
    });
  };
}
