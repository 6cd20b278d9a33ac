import { once } from 'node:events';
import {
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { ProtobufWriter } from '../../src/telemetry/otlp/protobuf-writer.ts';
import { logsRequest, type ReceivedLog, type ReceivedSpan, traceRequest } from '../console/otlp/messages.ts';
import { decode } from '../console/otlp/protobuf.ts';

/** Receives traces and logs over OTLP/gRPC, as a Collector and as Jaeger do. */
export interface OtlpGrpcReceiver extends AsyncDisposable {
  url: string;
  /** Every accepted span, in the order of arrival. */
  readonly spans: readonly ReceivedSpan[];
  readonly logs: readonly ReceivedLog[];
  /** How it answers from now on. Default: it takes everything. */
  answer: GrpcAnswer;
}

export type GrpcAnswer =
  | { kind: 'takes' }
  /** It takes a call, and rejects so many of its items. */
  | { kind: 'rejects'; items: number; reason: string }
  /** The call fails with a status. */
  | { kind: 'fails'; status: number; reason: string };

/** Bytes in front of each message: a compression flag, and the length in four bytes. */
const prefixLength = 5;

/** @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
export async function startOtlpGrpcReceiver(): Promise<OtlpGrpcReceiver> {
  const spans: ReceivedSpan[] = [];
  const logs: ReceivedLog[] = [];
  const sessions = new Set<ServerHttp2Session>();

  async function take(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const framed = await buffer(request);
    const { answer } = receiver;
    if (answer.kind === 'fails') {
      response.writeHead(200, {
        'content-type': 'application/grpc',
        'grpc-status': String(answer.status),
        'grpc-message': answer.reason,
      });
      response.end();
      return;
    }
    const sent = framed.subarray(prefixLength);
    const message = framed[0] === 1 ? gunzipSync(sent) : sent;
    if (request.url.includes('LogsService')) logs.push(...decode(logsRequest, message));
    else spans.push(...decode(traceRequest, message));
    response.addTrailers({ 'grpc-status': '0' });
    response.writeHead(200, { 'content-type': 'application/grpc' });
    response.end(frame(answer.kind === 'rejects' ? partialSuccess(answer) : new Uint8Array()));
  }

  // Errors are expected: tests cut the network in front of this receiver.
  const server = createServer((request, response) => void take(request, response).catch(() => {}));
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', () => {});
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const receiver: OtlpGrpcReceiver = {
    url: `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`,
    spans,
    logs,
    answer: { kind: 'takes' },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
  return receiver;
}

function frame(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(prefixLength + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, prefixLength);
  return framed;
}

/** @see https://opentelemetry.io/docs/specs/otlp/#partial-success */
function partialSuccess({ items, reason }: { items: number; reason: string }): Uint8Array {
  const writer = new ProtobufWriter(64);
  const partial = writer.begin(1);
  writer.varint(1, items);
  writer.string(2, reason);
  writer.end(partial);
  return writer.written();
}
