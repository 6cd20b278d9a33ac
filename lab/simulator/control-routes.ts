import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { type Faults, FaultSettings } from './faults.ts';
import { guide } from './guide.ts';
import { type Ledger, totalsOf } from './ledger.ts';

// A text, because nothing is coerced: what stands in a URL is one.
const Limit = Type.String({ pattern: '^[1-9][0-9]{0,5}$', expected: 'a whole number from 1 to 999999' });

const LedgerQuery = Type.Object(
  { key: Type.Optional(Type.String()), limit: Type.Optional(Limit) },
  { additionalProperties: false },
);

/** What a real gateway would not have: a look into its books and the levers to break it. Never faulty themselves. */
export function controlRoutes({
  ledger,
  faults,
}: {
  ledger: Ledger;
  faults: Faults;
}): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/', (request, reply) => {
      // As the reader reached it: behind a container's port, the simulator does not know its own address.
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

    /** Newest first. The totals are those of the whole ledger, whatever part of it is asked for. */
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
