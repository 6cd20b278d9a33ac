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

/** Where a Collector sends traces to: OTLP over gRPC, as Jaeger takes it. */
export interface OtlpGrpcReceiver extends AsyncDisposable {
  url: string;
  /** Everything that was accepted so far, in the order of its arrival. */
  readonly spans: readonly ReceivedSpan[];
}

/** In front of each message: whether it is compressed, and its length in four bytes. */
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
    // A message that says nothing: all were taken.
    response.end(Buffer.alloc(prefixLength));
  }

  // A network that is cut is what this is for.
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
