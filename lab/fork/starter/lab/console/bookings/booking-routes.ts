import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { request } from 'undici';
import type { BookingList } from '../domain-types.ts';
import type { LogStore } from '../logs/log-store.ts';
import { overHttp1 } from '../over-http1.ts';
import { untraced } from '../untraced.ts';
import { summaryOf } from '../traces/trace-entry.ts';
import type { TraceStore } from '../traces/trace-store.ts';

const Id = Type.Object({ id: Type.String({ pattern: '^[\\w-]{1,100}$' }) });
const ListQuery = Type.Object(
  { limit: Type.Integer({ minimum: 1, maximum: 100, default: 50 }) },
  { additionalProperties: false },
);

interface Sources {
  traces: TraceStore;
  logs: LogStore;
  /** Read at every lookup, because it may become known later. */
  target: () => { apiUrl: string; apiKey: string } | undefined;
}

/** Milliseconds. */
const timeout = 2000;
/** Maximum number of traces: a booking that stays pending has one per round of the worker. */
const mostTraces = 20;

/** The form that the API takes. */
const isUuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const noId = 'This is no id of a booking, which is a UUID.';

/** Bookings as the API returns them, with the telemetry of each. */
export function bookingRoutes({ traces, logs, target }: Sources): FastifyPluginAsyncTypebox {
  async function lookUp(path: string): Promise<{ found: unknown } | { missing: string }> {
    const at = target();
    if (at === undefined) return { missing: 'No service is known yet.' };
    try {
      const { statusCode, body } = await request(new URL(path, at.apiUrl), {
        headers: { authorization: `Bearer ${at.apiKey}`, ...untraced() },
        dispatcher: overHttp1,
        signal: AbortSignal.timeout(timeout),
      });
      const answer: unknown = await body.json();
      return statusCode === 200 ? { found: answer } : { missing: detailOf(answer, statusCode) };
    } catch {
      return { missing: 'The service does not answer.' };
    }
  }

  return async (app) => {
    app.get(
      '/api/bookings',
      { schema: { querystring: ListQuery } },
      async ({ query }): Promise<BookingList> => {
        const list = await lookUp(`/bookings?limit=${query.limit}`);
        if ('missing' in list) return { bookings: [], unavailable: list.missing };
        const { bookings } = list.found as BookingList;
        return { bookings };
      },
    );

    app.get('/api/bookings/:id', { schema: { params: Id } }, async ({ params: { id } }, reply) => {
      const booking = isUuid.test(id) ? await lookUp(`/bookings/${id}`) : { missing: noId };
      const entries = traces.ofBooking(id).slice(0, mostTraces);
      const known = {
        ...('found' in booking ? { booking: booking.found } : booking),
        traces: entries.map(summaryOf),
        spans: entries.flatMap(traces.recordsOf),
      };
      // Lines are stored as JSON and passed on without parsing.
      return reply
        .type('application/json; charset=utf-8')
        .send(`${JSON.stringify(known).slice(0, -1)},"logs":[${logs.ofBooking(id).join()}]}`);
    });
  };
}

/** The detail of a problem. */
function detailOf(body: unknown, status: number): string {
  const detail = typeof body === 'object' && body !== null && 'detail' in body ? body.detail : undefined;
  return typeof detail === 'string' ? detail : `The API answers ${status}.`;
}
