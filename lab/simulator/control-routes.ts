import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { type Faults, FaultSettings } from './faults.ts';
import { guide } from './guide.ts';
import { type Ledger, totalsOf } from './ledger.ts';

// A string, because a query parameter is one and nothing is coerced.
const Limit = Type.String({ pattern: '^[1-9][0-9]{0,5}$', expected: 'a whole number from 1 to 999999' });

const LedgerQuery = Type.Object(
  { key: Type.Optional(Type.String()), limit: Type.Optional(Limit) },
  { additionalProperties: false },
);

/** The routes that a real gateway lacks: its ledger and its faults. Faults never affect them. */
export function controlRoutes({
  ledger,
  faults,
}: {
  ledger: Ledger;
  faults: Faults;
}): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/', (request, reply) => {
      // The address that the reader used: behind a container's port, the simulator does not know its own.
      const url = `${request.protocol}://${request.host}`;
      return reply.type('text/plain; charset=utf-8').send(guide(url));
    });
    app.get('/health', (_request, reply) => reply.send({ status: 'ok' }));

    app.get('/faults', (_request, reply) => reply.send(faults.settings));
    app.put('/faults', { schema: { body: FaultSettings } }, (request, reply) => {
      faults.replace(request.body);
      return reply.send(faults.settings);
    });
    app.delete('/faults', (_request, reply) => {
      faults.replace({});
      return reply.send(faults.settings);
    });

    /** Newest first. The totals cover the whole ledger, whichever part of it is requested. */
    app.get('/ledger', { schema: { querystring: LedgerQuery } }, (request, reply) => {
      const { key, limit } = request.query;
      const records = ledger.records();
      const charges = records.filter((record) => key === undefined || record.key === key).toReversed();
      return reply.send({
        charges: limit === undefined ? charges : charges.slice(0, Number(limit)),
        totals: totalsOf(records),
      });
    });
    app.delete('/ledger', (_request, reply) => {
      ledger.clear();
      return reply.send({ charges: [], totals: totalsOf([]) });
    });
  };
}
