import { buildConnector, Pool } from 'undici';

export interface ConnectionOptions {
  /** Upper bound. Each connection carries one request at a time. */
  connections: number;
  /** Milliseconds, the TLS handshake included. */
  connectTimeout: number;
  /** In bytes. */
  longestResponse: number;
}

/**
 * The connections to the gateway. They speak HTTP/1.1 only, even to a gateway that prefers HTTP/2, for three reasons:
 * requests that share a connection are not bounded by the number of connections; a request that is cut off would leave a
 * silent connection in use, and no later request would get an answer; a body that the gateway resets would look complete.
 */
export function openConnections(origin: string, options: ConnectionOptions): Pool {
  return new Pool(origin, {
    connections: options.connections,
    keepAliveTimeout: 30_000,
    maxResponseSize: options.longestResponse,
    allowH2: false,
    connect: rememberingErrors(buildConnector({ allowH2: false, timeout: options.connectTimeout })),
  });
}

const connectErrors = new WeakSet<Error>();

function rememberingErrors(connect: buildConnector.connector): buildConnector.connector {
  return (target, done) =>
    connect(target, (error, socket) => {
      if (error === null) done(null, socket);
      else {
        connectErrors.add(error);
        done(error, null);
      }
    });
}

/**
 * Whether a request failed because there was no connection, so that nothing was sent. The code of an error does not tell:
 * both a TLS handshake and an established connection can end in ECONNRESET.
 */
export function isConnectError(error: unknown): boolean {
  return error instanceof Error && connectErrors.has(error);
}
