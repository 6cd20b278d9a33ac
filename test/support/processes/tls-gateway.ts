import { once } from 'node:events';
import {
  constants,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { selfSignedCertificate } from '../generators/self-signed-certificate.ts';

/**
 * How a request ends that is not simply answered. Each exists in both protocols, so that a test holds whichever the
 * client speaks:
 * - `closes`: GOAWAY before the request is processed, or a closed connection;
 * - `answers and closes`: the answer, then GOAWAY, or `connection: close`;
 * - `refuses`: REFUSED_STREAM, or a connection that breaks before the answer;
 * - `is cut off`: half of the answer, then CANCEL, or a closed connection.
 */
export type Ending = 'closes' | 'answers and closes' | 'refuses' | 'is cut off';

/** A gateway over TLS that prefers HTTP/2 and also speaks HTTP/1.1, as hosted ones do. */
export interface TlsGateway extends AsyncDisposable {
  url: string;
  cert: string;
  /** How often each key was charged, which an idempotent gateway keeps at 1. */
  readonly captures: ReadonlyMap<string, number>;
  /** The protocols of all requests so far, such as `1.1`. */
  readonly protocols: ReadonlySet<string>;
  readonly requests: number;
  /** The largest number of requests that were in flight at the same time. */
  readonly mostAtOnce: number;
  /** The number of connections so far. */
  readonly connections: number;
  /** The connections that exist stay open, and nothing is answered on them any more. */
  fallSilent(): void;
  /** Further requests end this way, one each. */
  end(...endings: Ending[]): void;
}

export interface TlsGatewayOptions {
  /** Milliseconds. Default 0. */
  latency?: number;
  /** Default false: it prefers HTTP/2, and also speaks HTTP/1.1. */
  http2Only?: boolean;
  /** The name that the certificate is for. Default `localhost`. */
  hostname?: string;
  /** Default true: this process trusts the certificate from now on. */
  trusted?: boolean;
}

export async function startTlsGateway(options: TlsGatewayOptions = {}): Promise<TlsGateway> {
  const { hostname = 'localhost' } = options;
  const { cert, key } = selfSignedCertificate(hostname);
  if (options.trusted !== false) setDefaultCACertificates([...getCACertificates('default'), cert]);
  const captures = new Map<string, number>();
  const protocols = new Set<string>();
  const sockets = new Set<Socket>();
  const silent = new WeakSet<object>();
  const endings: Ending[] = [];
  let requests = 0;
  let inFlight = 0;
  let mostAtOnce = 0;
  let connections = 0;

  async function answer(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    requests += 1;
    inFlight += 1;
    mostAtOnce = Math.max(mostAtOnce, inFlight);
    response.once('close', () => (inFlight -= 1));
    protocols.add(request.httpVersion);
    const isHttp2 = request.httpVersion === '2.0';
    const connection = isHttp2 ? request.stream.session : request.socket;
    const session = isHttp2 ? (connection as ServerHttp2Session) : undefined;
    const charge = JSON.parse(await text(request)) as { amountMinor: number; currency: string };
    if (connection === undefined || silent.has(connection)) return;
    const ending = endings.shift();
    if (ending === 'closes') {
      session?.goaway(constants.NGHTTP2_NO_ERROR, 0);
      if (session) session.destroy();
      else request.socket.end();
      return;
    }
    if (ending === 'refuses') {
      if (session) response.stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else request.socket.destroy();
      return;
    }
    const idempotencyKey = String(request.headers['idempotency-key']);
    if (!captures.has(idempotencyKey)) captures.set(idempotencyKey, 1);
    const body = JSON.stringify({ id: `ch_${idempotencyKey}`, status: 'succeeded', ...charge });
    const send = () => {
      if (ending === 'is cut off') {
        response.writeHead(201, { 'content-type': 'application/json' });
        response.write(body.slice(0, body.length / 2), () => {
          if (session) response.stream.close(constants.NGHTTP2_CANCEL);
          else request.socket.destroy();
        });
        return;
      }
      const closing = ending === 'answers and closes';
      response.writeHead(201, {
        'content-type': 'application/json',
        ...(closing && !session && { connection: 'close' }),
      });
      response.end(body, () => {
        if (closing) session?.goaway(constants.NGHTTP2_NO_ERROR);
      });
    };
    if (options.latency) setTimeout(send, options.latency);
    else send();
  }

  const server = createSecureServer({ cert, key, allowHTTP1: !options.http2Only });
  server.on('request', (request, response) => void answer(request, response).catch(() => {}));
  server.on('session', (session) => session.on('error', () => {}));
  server.on('secureConnection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket.on('error', () => {}));
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;

  return {
    url: `https://${hostname}:${port}`,
    cert,
    captures,
    protocols,
    get requests() {
      return requests;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
    get connections() {
      return connections;
    },
    fallSilent() {
      for (const connection of [...sockets, ...sessions]) silent.add(connection);
    },
    end(...further) {
      endings.push(...further);
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
