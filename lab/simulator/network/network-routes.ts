import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { type Answer, json, problem } from '../answer.ts';
import { ProxySettings } from './toxics.ts';
import type { Network } from './network.ts';

const Name = Type.Object({ name: Type.String() });

/** The levers of the network, beside those of the gateway. */
export function wireRoutes({ network }: { network: Network }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/wires', (_request, reply) => reply.send(network.all()));
    app.put('/wires/:name', { schema: { params: Name, body: ProxySettings } }, async (request, reply) => {
      const { name } = request.params;
      return send(reply, await unlessTaken(() => network.set(name, request.body)));
    });
    app.delete('/wires', async (_request, reply) =>
      send(
        reply,
        await unlessTaken(async () => {
          await network.restore();
          return network.all();
        }),
      ),
    );
  };
}

async function unlessTaken(change: () => Promise<object | undefined>): Promise<Answer> {
  try {
    const changed = await change();
    return changed === undefined
      ? problem(404, 'wire_not_found', 'There is no such wire. GET /wires shows which there are.')
      : json(200, changed);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    return problem(
      409,
      'port_taken',
      'Somebody else took the port of the wire while it was cut. Try again, or start anew.',
    );
  }
}

function send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  return reply.code(status).headers(headers).send(body);
}
