import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { find } from './find.ts';
import { longestWindow } from './map/call-stats.ts';
import type { ServiceMaps } from './map/service-map.ts';
import { MetricQuery, type MetricStore } from './metrics/metric-store.ts';
import { LogQuery, type LogStore } from './logs/log-store.ts';
import type { Senders } from './senders/senders.ts';
import type { Origins } from './otlp/origins.ts';
import { openedFileRoute } from './traces/opened-file.ts';
import { findTraces, TraceQuery } from './traces/trace-query.ts';
import type { TraceStore } from './traces/trace-store.ts';
import { problem } from '../simulator/answer.ts';

const Id = Type.Object({ id: Type.String({ pattern: '^[\\w-]{1,100}$' }) });

const OriginNumber = Type.Object({ number: Type.Integer({ minimum: 1 }) });

const FindQuery = Type.Object(
  { text: Type.String({ minLength: 1, maxLength: 20_000 }) },
  { additionalProperties: false },
);

const MapQuery = Type.Object(
  { seconds: Type.Integer({ minimum: 10, maximum: longestWindow, default: 60 }) },
  { additionalProperties: false },
);

/** Received telemetry, for the page. */
export function telemetryRoutes({
  traces,
  origins,
  logs,
  metrics,
  maps,
  senders,
}: {
  traces: TraceStore;
  origins: Origins;
  logs: LogStore;
  metrics: MetricStore;
  maps: ServiceMaps;
  senders: Senders;
}): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/api/traces', { schema: { querystring: TraceQuery } }, (request) =>
      findTraces(traces, request.query),
    );

    await app.register(openedFileRoute, { traces, origins });

    app.get('/api/traces/:id', { schema: { params: Id } }, (request, reply) => {
      const id = request.params.id.toLowerCase();
      const found = traces.spansOf(id);
      if (found === undefined) {
        const { status, headers, body } = problem(
          404,
          'trace_not_found',
          'The console does not have this trace: it was not sent, or newer ones have replaced it.',
        );
        return reply.code(status).headers(headers).send(body);
      }
      // Lines are stored as JSON and passed on without parsing.
      const known = JSON.stringify({
        traceId: id,
        linkedFrom: traces.linkedFrom(id),
        dropped: found.dropped,
        origins: origins.of(found.spans),
        spans: found.spans,
      });
      return reply
        .type('application/json; charset=utf-8')
        .send(`${known.slice(0, -1)},"logs":[${logs.ofTrace(id).join()}]}`);
    });

    app.get('/api/logs', { schema: { querystring: LogQuery } }, (request, reply) => {
      const { last, lines, skipped, kept } = logs.find(request.query);
      return reply
        .type('application/json; charset=utf-8')
        .send(`{"last":${last},"skipped":${skipped},"kept":${kept},"lines":[${lines.join()}]}`);
    });

    app.get('/api/origins/:number', { schema: { params: OriginNumber } }, (request, reply) => {
      const { number } = request.params;
      const origin = origins.of([{ origin: number }])[number];
      if (origin !== undefined) return origin;
      const { status, headers, body } = problem(
        404,
        'origin_not_found',
        'The console has forgotten this resource and scope: others were sent since.',
      );
      return reply.code(status).headers(headers).send(body);
    });

    app.get('/api/metrics', () => metrics.list());

    app.get('/api/metrics/points', { schema: { querystring: MetricQuery } }, (request) =>
      metrics.find(request.query),
    );

    app.get('/api/senders', () => senders.list());

    app.get('/api/map', { schema: { querystring: MapQuery } }, (request) => maps.of(request.query.seconds));

    app.post('/api/find', { schema: { body: FindQuery } }, (request) =>
      find(request.body.text, { traces, logs }),
    );
  };
}
