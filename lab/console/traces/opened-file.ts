import type { FastifyInstance } from 'fastify';
import type { OpenedFile } from '../api-types.ts';
import { readTraces } from '../otlp/json.ts';
import type { Origins } from '../otlp/origins.ts';
import { toSpanRecord } from '../otlp/records.ts';
import { problem } from '../../simulator/answer.ts';
import type { TraceStore } from './trace-store.ts';

/** Maximum bytes of a file, or of one of its lines: as much as the receiver takes in a request. */
const largestFile = 33_554_432;

/**
 * Takes the traces of a file in OTLP JSON. They are only kept to be looked at: nobody sends them now, so they are not forwarded, not on
 * the map, and have no sender.
 */
export async function openedFileRoute(
  app: FastifyInstance,
  { traces, origins }: { traces: TraceStore; origins: Origins },
): Promise<void> {
  // It is read like the request of a sender, with integers beyond those of JavaScript.
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: largestFile },
    (_request, body, done) => done(null, body),
  );
  app.post<{ Body: string }>('/api/traces', (request, reply) => {
    try {
      const spans = readTraces(request.body).flatMap(
        (each) => toSpanRecord(each, origins.numberOf(each.origin)) ?? [],
      );
      traces.add(spans);
      return { traceId: spans[0]?.traceId ?? null } satisfies OpenedFile;
    } catch (error) {
      // The second one: values that are nested too deep.
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
      const { status, headers, body } = problem(400, 'not_otlp_json', `It is no OTLP JSON: ${error.message}`);
      return reply.code(status).headers(headers).send(body);
    }
  });
}
