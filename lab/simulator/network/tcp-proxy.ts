import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { withoutBrackets } from '../../../src/config/host-and-port.ts';
import { carry, type Connection } from './connection.ts';
import type { Toxic } from './toxics.ts';

/** A TCP proxy between the service and one dependency that can fail on purpose. */
export interface TcpProxy extends AsyncDisposable {
  /** The target URL with the proxy's host and port. */
  url: string;
  /** Accepts connections again. @throws `EADDRINUSE` when another process has taken the port meanwhile */
  open(): Promise<void>;
  /** Cuts every connection and refuses new ones. */
  close(): Promise<void>;
  /**
   * Applies to open and to future connections. An empty list is a working network; connections that lost bytes under
   * the previous toxics are closed, because they cannot continue.
   */
  setToxics(toxics: readonly Toxic[]): void;
}

/**
 * Starts the proxy open, on a free port of the loopback interface.
 *
 * @param target the URL of the upstream, with its port
 */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const url = new URL(target);
  // URL keeps the brackets of an IPv6 address; `connect` wants none.
  const behind = { host: withoutBrackets(url.hostname), port: Number(url.port) };
  const connections = new Set<Connection>();
  let toxics: readonly Toxic[] = [];
  let server: Server | undefined;

  function accept(client: Socket): void {
    const connection = carry(client, {
      target: behind,
      toxics: () => toxics,
      ended: () => connections.delete(connection),
    });
    connections.add(connection);
  }

  async function listen(port: number): Promise<number> {
    if (server) return port;
    const started = createServer({ allowHalfOpen: true, noDelay: true }, accept);
    await once(started.listen(port, '127.0.0.1'), 'listening');
    // A connection that fails to be accepted must not end the others.
    started.on('error', () => {});
    server = started;
    const address = started.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  async function close(): Promise<void> {
    const closed = server && once(server, 'close');
    server?.close();
    server = undefined;
    for (const connection of connections) connection.destroy();
    await closed;
  }

  // The port stays the same each time the proxy reopens.
  const port = await listen(0);
  url.host = `127.0.0.1:${port}`;
  return {
    url: url.href,
    open: async () => void (await listen(port)),
    close,
    setToxics(next) {
      toxics = next;
      for (const connection of connections) connection.adapt();
    },
    [Symbol.asyncDispose]: close,
  };
}
