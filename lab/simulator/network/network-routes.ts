import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { type Answer, json, problem } from '../answer.ts';
import { isPortTaken, type Network } from './network.ts';
import { ProxySettings } from './toxics.ts';

const Name = Type.Object({ name: Type.String() });

/** `/wires` is the former name of `/network`. It answers the same until the next version removes it. */
const paths = ['/network', '/wires'] as const;

/** Reads, sets and restores the proxies between the service and its dependencies. */
export function networkRoutes({ network }: { network: Network }): FastifyPluginAsyncTypebox {
  return async (app) => {
    for (const path of paths) {
      app.get(path, (_request, reply) => reply.send(network.all()));
      app.put(`${path}/:name`, { schema: { params: Name, body: ProxySettings } }, async (request, reply) => {
        const { name } = request.params;
        return send(reply, await set(network, name, request.body));
      });
      app.delete(path, async (_request, reply) => send(reply, await restore(network)));
    }
  };
}

async function set(network: Network, name: string, settings: ProxySettings): Promise<Answer> {
  try {
    const changed = await network.set(name, settings);
    return changed === undefined
      ? problem(404, 'proxy_not_found', 'No proxy has this name. GET /network lists the proxies.')
      : json(200, changed);
  } catch (error) {
    if (isPortTaken(error)) return portTaken([name]);
    throw error;
  }
}

async function restore(network: Network): Promise<Answer> {
  const taken = await network.restore();
  return taken.length === 0 ? json(200, network.all()) : portTaken(taken);
}

function portTaken(names: readonly string[]): Answer {
  return problem(
    409,
    'port_taken',
    `Cut until its port is free: ${names.join(', ')}. Another process took the port meanwhile. Try again later, or restart npm start.`,
  );
}

function send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  return reply.code(status).headers(headers).send(body);
}
