import type { SpanRecord } from '../api-types.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ServiceMaps } from '../map/service-map.ts';
import type { MetricStore } from '../metrics/metric-store.ts';
import { pointsOf } from '../metrics/otlp-points.ts';
import type { LogStore } from '../logs/log-store.ts';
import { readLogs, readMetrics, readTraces } from '../otlp/json.ts';
import { linesIn, metricsRequest, spansIn } from '../otlp/messages.ts';
import { decode } from '../otlp/protobuf.ts';
import type { Origins } from '../otlp/origins.ts';
import { replicaOf, toLogRecord, toSpanRecord } from '../otlp/records.ts';
import type { Senders } from '../senders/senders.ts';
import type { TraceStore } from '../traces/trace-store.ts';
import {
  accept,
  type Format,
  formatOf,
  formatOfAnswer,
  mediaTypes,
  refuse,
  type Rejected,
} from './answers.ts';
import type { Forwarder, Signal } from './forwarder.ts';
import type { RefuseLost } from './lost-telemetry.ts';
import { Refusal } from './refusal.ts';
import { acceptedEncodings, createBodyReader, decompress } from './request-body.ts';

export interface ReceiverOptions {
  traces: TraceStore;
  origins: Origins;
  logs: LogStore;
  metrics: MetricStore;
  maps: ServiceMaps;
  senders: Senders;
  /** Receives every request unchanged; `undefined` without a Collector. */
  forwarder: Forwarder | undefined;
  refuseLost: RefuseLost;
  onUnexpectedError(error: unknown): void;
}

const none: Rejected = { count: 0, reason: '' };

/**
 * Receives telemetry over OTLP/HTTP below `/v1`, as a Collector does. Every answer is in OTLP, errors too.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export async function receiverRoutes(app: FastifyInstance, options: ReceiverOptions): Promise<void> {
  const { traces, origins, logs, metrics, maps, senders, forwarder, refuseLost, onUnexpectedError } = options;
  const bodies = createBodyReader();
  app.removeAllContentTypeParsers();
  // The body is read by the route, to its end, whatever it is.
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.setNotFoundHandler(refuseLost);
  app.setErrorHandler<Error & { statusCode?: number }>((error, request, reply) => {
    const refusal = refusalOf(error);
    if (refusal.status === 500) onUnexpectedError(error);
    if (refusal.status === 503) reply.header('retry-after', '1');
    senders.refused(request.headers['user-agent'] ?? '', refusal.status, refusal.message);
    if (refusal.status === 415) reply.header('accept-encoding', acceptedEncodings);
    return refuse(reply, formatOfAnswer(typeOf(request)), refusal.status, refusal.message);
  });

  const signals: Readonly<Record<Signal, (content: Buffer, format: Format) => Rejected>> = {
    traces(content, format) {
      const spans = format === 'json' ? readTraces(content.toString()) : spansIn(content);
      const tally = senders.tally('spans');
      let count = 0;
      function* records(): Iterable<SpanRecord> {
        for (const span of spans) {
          const record = toSpanRecord(span, origins.numberOf(span.origin));
          if (record === undefined) {
            count += 1;
            tally.add(span.resource, { kept: 0, rejected: 1 });
          } else {
            tally.add(span.resource, { kept: 1, dropped: record.dropped });
            yield record;
          }
        }
      }
      maps.add(traces.add(records()));
      tally.commit();
      const reason =
        count === 0 ? '' : 'A span needs a trace id of 16 bytes and a span id of 8, which are not all zero.';
      return { count, reason };
    },
    logs(content, format) {
      const lines = format === 'json' ? readLogs(content.toString()) : linesIn(content);
      const tally = senders.tally('logs');
      let replica = '';
      logs.add(
        mapEach(lines, (line) => {
          replica = replicaOf(line.resource);
          const record = toLogRecord(line);
          record.origin = origins.numberOf(line.origin);
          tally.add(line.resource, { kept: 1, dropped: record.dropped ?? 0 });
          return record;
        }),
        () => replica,
      );
      tally.commit();
      return none;
    },
    metrics(content, format) {
      const received = format === 'json' ? readMetrics(content.toString()) : decode(metricsRequest, content);
      const tally = senders.tally('points');
      const read = received.map((metric) => {
        const each = pointsOf(metric);
        tally.add(metric.resource, {
          kept: each.points.length,
          rejected: each.rejected,
          dropped: each.dropped,
        });
        return each;
      });
      metrics.add(read.flatMap(({ points }) => points));
      tally.commit();
      const count = read.reduce((sum, { rejected }) => sum + rejected, 0);
      const reason =
        count === 0
          ? ''
          : 'A point needs the name of its metric, and buckets that fit their bounds or scale.';
      return { count, reason };
    },
  };

  async function receive(signal: Signal, request: FastifyRequest, reply: FastifyReply) {
    const type = typeOf(request);
    const format = formatOf(type);
    // Node reads the rest of a body that nothing has read, once it has answered.
    if (format === undefined)
      throw new Refusal(415, `Send ${mediaTypes.protobuf} or ${mediaTypes.json}, not ${type || 'nothing'}.`);
    const body = await bodies.read(request.raw, request.headers);
    let rejected: Rejected;
    try {
      const encoding = request.headers['content-encoding'];
      const content = await decompress(body, encoding);
      rejected = keep(signals[signal], content, format);
      forwarder?.forward({ signal, type, encoding, body });
    } finally {
      bodies.release(body);
    }
    return accept(reply, format, signal, rejected);
  }

  for (const signal of ['traces', 'logs', 'metrics'] as const) {
    app.post(`/${signal}`, (request, reply) => receive(signal, request, reply));
    app.route({
      method: ['GET', 'PUT', 'PATCH', 'DELETE'],
      url: `/${signal}`,
      handler: (request, reply) =>
        refuse(
          reply.header('allow', 'POST'),
          formatOfAnswer(typeOf(request)),
          405,
          'Telemetry is sent with POST.',
        ),
    });
  }
}

function* mapEach<T, Mapped>(items: Iterable<T>, map: (item: T) => Mapped): Iterable<Mapped> {
  for (const item of items) yield map(item);
}

const typeOf = ({ headers }: FastifyRequest): string => headers['content-type'] ?? '';

/** @throws {Refusal} if the content cannot be read */
function keep(
  signal: (content: Buffer, format: Format) => Rejected,
  content: Buffer,
  format: Format,
): Rejected {
  try {
    return signal(content, format);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof SyntaxError)) throw error;
    throw new Refusal(400, `The request cannot be read: ${error.message}`);
  }
}

/** Fastify refuses a header that no media type has before the route is reached. */
function refusalOf(error: Error & { statusCode?: number }): Refusal {
  if (error instanceof Refusal) return error;
  if (error.statusCode === 415) return new Refusal(415, error.message);
  if (error.statusCode !== undefined && error.statusCode < 500) return new Refusal(400, error.message);
  return new Refusal(500, 'The console failed. Its log has the error.');
}
