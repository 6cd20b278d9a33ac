import type { FastifyInstance } from 'fastify';
import { addressesAnd, strangerIn } from '../../src/http/hardening/known-hosts.ts';
import { problem } from './answer.ts';

/**
 * Refuses the requests that pages of other sites send through a browser. Whoever reaches these programs may set faults and
 * read the ledger.
 *
 * @param allowedHosts names under which they answer, besides IP addresses and `localhost`
 * @param variable the variable that sets them, for the message
 */
export function refuseStrangers(
  app: FastifyInstance,
  { allowedHosts, variable }: { allowedHosts: readonly string[]; variable: string },
): void {
  const isKnown = addressesAnd(allowedHosts);
  const details = {
    wrong_host: `This program answers under IP addresses, localhost and the names in ${variable}.`,
    wrong_origin: 'Pages of other sites have no access to this program.',
  };
  app.addHook('onRequest', async (request, reply) => {
    const stranger = strangerIn(request.headers, isKnown);
    if (stranger === undefined) return;
    const { status, headers, body } = problem(403, stranger, details[stranger]);
    return reply.code(status).headers(headers).send(body);
  });
}
