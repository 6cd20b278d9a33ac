import { buildConnector, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import { outsideRequests } from '../async-context.ts';
import type { OutgoingProxy } from '../config/outgoing-proxy.ts';

export interface ConnectionOptions {
  /** Upper bound. Each connection carries one request at a time. */
  connections: number;
  /** Milliseconds, the TLS handshake included. */
  connectTimeout: number;
  /** In bytes. */
  longestResponse: number;
  proxy?: OutgoingProxy | undefined;
}

/**
 * The connections to a dependency. They speak HTTP/1.1 only, even to one that prefers HTTP/2, for three reasons: requests that
 * share a connection are not bounded by the number of connections; a request that is cut off would leave a silent connection
 * in use, and no later request would get an answer; a body that the other side resets would look complete.
 */
export function openConnections(origin: string, options: ConnectionOptions): Dispatcher {
  const { connectTimeout, proxy } = options;
  const direct = buildConnector({ allowH2: false, timeout: connectTimeout });
  const poolOf = (target: string | URL, connect: buildConnector.connector) =>
    new Pool(target, {
      connections: options.connections,
      keepAliveTimeout: 30_000,
      maxResponseSize: options.longestResponse,
      allowH2: false,
      connect: rememberingErrors(connect),
    });
  if (proxy === undefined) return poolOf(origin, direct);

  return new EnvHttpProxyAgent({
    // Plain HTTP never takes a proxy. An empty text keeps undici from reading the environment.
    httpProxy: '',
    httpsProxy: proxy.url.reveal(),
    noProxy: proxy.except,
    connectTimeout,
    factory: (target: string | URL, { connect = direct }: { connect?: buildConnector.connector }) =>
      poolOf(target, connect),
    // A proxy that never answers would hold a connection for undici's default of five minutes.
    clientFactory: (target: URL, { connect }: { connect?: buildConnector.connector }) =>
      new Pool(target, { ...(connect && { connect }), headersTimeout: connectTimeout }),
  });
}

const connectErrors = new WeakSet<Error>();

function rememberingErrors(connect: buildConnector.connector): buildConnector.connector {
  return (target, done) =>
    // The connection serves many requests, and none is to blame for what becomes of it.
    outsideRequests(() =>
      connect(target, (error, socket) => {
        if (error === null) done(null, socket);
        else {
          connectErrors.add(error);
          done(error, null);
        }
      }),
    );
}

/**
 * Whether a request failed because there was no connection, so that nothing was sent. The code of an error does not tell:
 * both a TLS handshake and an established connection can end in ECONNRESET.
 */
export function isConnectError(error: unknown): boolean {
  return error instanceof Error && connectErrors.has(error);
}
