import { once } from 'node:events';
import {
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { type ReceivedSpan, traceRequest } from '../console/otlp/messages.ts';
import { decode } from '../console/otlp/protobuf.ts';

/** Receives a Collector's traces over OTLP/gRPC, as Jaeger does. */
export interface OtlpGrpcReceiver extends AsyncDisposable {
  url: string;
  /** Every accepted span, in the order of arrival. */
  readonly spans: readonly ReceivedSpan[];
}

/** Bytes in front of each message: a compression flag, and the length in four bytes. */
const prefixLength = 5;

/** @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
export async function startOtlpGrpcReceiver(): Promise<OtlpGrpcReceiver> {
  const spans: ReceivedSpan[] = [];
  const sessions = new Set<ServerHttp2Session>();

  async function take(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const framed = await buffer(request);
    const message = framed.subarray(prefixLength);
    spans.push(...decode(traceRequest, framed[0] === 1 ? gunzipSync(message) : message));
    response.addTrailers({ 'grpc-status': '0' });
    response.writeHead(200, { 'content-type': 'application/grpc' });
    // An empty message: all spans were accepted.
    response.end(Buffer.alloc(prefixLength));
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
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`,
    spans,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}
