import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { LogStore } from '../logs/log-store.ts';
import { readLogs, readTraces } from '../otlp/json.ts';
import { logsRequest, traceRequest } from '../otlp/messages.ts';
import { decode } from '../otlp/protobuf.ts';
import { toLogRecord, toSpanRecord } from '../otlp/records.ts';
import type { TraceStore } from '../traces/trace-store.ts';
import type { Forwarder, Signal } from './forwarder.ts';

export interface ReceiverOptions {
  traces: TraceStore;
  logs: LogStore;
  /** Receives every request unchanged; `undefined` without a Collector. */
  forwarder: Forwarder | undefined;
}

const protobuf = 'application/x-protobuf';
const json = 'application/json';
/** Maximum bytes of a request, before and after decompression. */
const largestRequest = 8_388_608;
const largestContent = 33_554_432;

/**
 * Receives telemetry over OTLP/HTTP, as a Collector does.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export async function receiverRoutes(app: FastifyInstance, options: ReceiverOptions): Promise<void> {
  const { traces, logs, forwarder } = options;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    [protobuf, json],
    { parseAs: 'buffer', bodyLimit: largestRequest },
    (_request, body, done) => done(null, body),
  );

  const signals: Readonly<Record<Signal, (content: Buffer, isJson: boolean) => void>> = {
    traces(content, isJson) {
      const spans = isJson ? readTraces(content.toString()) : decode(traceRequest, content);
      traces.add(spans.flatMap((span) => toSpanRecord(span) ?? []));
    },
    logs(content, isJson) {
      const lines = isJson ? readLogs(content.toString()) : decode(logsRequest, content);
      logs.add(lines.map(toLogRecord));
    },
    // The console scrapes metrics itself. Pushed ones are accepted, and forwarded to a Collector.
    metrics() {},
  };

  for (const signal of ['traces', 'logs', 'metrics'] as const) {
    app.post<{ Body: Buffer }>(`/v1/${signal}`, async (request, reply) => {
      const { 'content-type': type = '', 'content-encoding': encoding } = request.headers;
      const isJson = type.startsWith(json);
      try {
        signals[signal](await uncompress(request), isJson);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return answer(reply.code(400), isJson, `The request cannot be read: ${reason}`);
      }
      forwarder?.forward({ signal, type, encoding, body: request.body });
      return answer(reply, isJson);
    });
  }
}

const unzip = promisify(gunzip);

/** @throws {RangeError} if the content is too large, or its encoding is not gzip */
async function uncompress({ body, headers }: FastifyRequest<{ Body: Buffer }>): Promise<Buffer> {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return body;
  if (encoding !== 'gzip') throw new RangeError(`The encoding ${encoding} is not supported.`);
  return unzip(body, { maxOutputLength: largestContent });
}

/** An empty ExportServiceResponse, or a google.rpc.Status with the message, in the format of the request. */
function answer(reply: FastifyReply, isJson: boolean, message?: string): FastifyReply {
  if (isJson) return reply.type(json).send(message === undefined ? {} : { code: invalidArgument, message });
  if (message === undefined) return reply.type(protobuf).send(Buffer.alloc(0));
  const text = Buffer.from(message.slice(0, 100)).subarray(0, 127);
  return reply.type(protobuf).send(Buffer.from([0x08, invalidArgument, 0x12, text.length, ...text]));
}

const invalidArgument = 3;
