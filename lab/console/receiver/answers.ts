import type { FastifyReply } from 'fastify';
import { ProtobufWriter } from '../../../src/telemetry/otlp/protobuf-writer.ts';
import type { RefusedStatus } from './refusal.ts';

/** The formats of OTLP/HTTP. An answer has the format of its request. */
export type Format = 'protobuf' | 'json';

export const mediaTypes: Readonly<Record<Format, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

/** The media type without parameters, in lower case. */
const mediaTypeOf = (contentType: string): string => contentType.split(';')[0]?.trim().toLowerCase() ?? '';

export function formatOf(contentType: string): Format | undefined {
  const type = mediaTypeOf(contentType);
  if (type === mediaTypes.protobuf) return 'protobuf';
  return type === mediaTypes.json ? 'json' : undefined;
}

/** The format of an answer to a request whose own format is not supported: a person reads JSON more easily. */
export function formatOfAnswer(contentType: string): Format {
  return /protobuf|octet-stream|grpc/.test(mediaTypeOf(contentType)) ? 'protobuf' : 'json';
}

/** Records that were not kept, although the request could be read. */
export interface Rejected {
  count: number;
  /** For the sender; empty if every record was kept. */
  reason: string;
}

/** Name of the count in an answer in JSON, by signal. */
const countNames = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
} as const;

/**
 * An Export…ServiceResponse, with a partial success if records were rejected.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#partial-success-1
 */
export function accept(
  reply: FastifyReply,
  format: Format,
  signal: keyof typeof countNames,
  { count, reason }: Rejected,
): FastifyReply {
  reply.type(mediaTypes[format]);
  const isPartial = count > 0 || reason !== '';
  if (format === 'json') {
    // A 64-bit number is a string in JSON.
    const partialSuccess = { [countNames[signal]]: String(count), errorMessage: reason };
    return reply.send(isPartial ? { partialSuccess } : {});
  }
  if (!isPartial) return reply.send(Buffer.alloc(0));
  const writer = new ProtobufWriter(1024);
  const partial = writer.begin(1);
  writer.varint(1, count);
  writer.string(2, reason);
  writer.end(partial);
  return reply.send(Buffer.from(writer.written()));
}

/** @see https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const codes: Readonly<Record<RefusedStatus, number>> = {
  400: 3, // INVALID_ARGUMENT
  404: 5, // NOT_FOUND
  405: 12, // UNIMPLEMENTED
  413: 8, // RESOURCE_EXHAUSTED
  415: 3, // INVALID_ARGUMENT
  500: 13, // INTERNAL
  503: 14, // UNAVAILABLE
};

/**
 * A google.rpc.Status.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#failures-1
 */
export function refuse(
  reply: FastifyReply,
  format: Format,
  status: RefusedStatus,
  message: string,
): FastifyReply {
  reply.code(status).type(mediaTypes[format]);
  const code = codes[status];
  if (format === 'json') return reply.send({ code, message });
  const writer = new ProtobufWriter(1024);
  writer.varint(1, code);
  writer.string(2, message);
  return reply.send(Buffer.from(writer.written()));
}
