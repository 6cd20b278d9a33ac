import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { carry, type Connection } from './connection.ts';
import type { Toxic } from './toxics.ts';

/** A piece of network between the service and what it depends on, which can be broken. */
export interface TcpProxy extends AsyncDisposable {
  /** The same address with the proxy in between. */
  url: string;
  /** Accepts connections again. @throws when somebody else has taken its port by now */
  open(): Promise<void>;
  /** Cuts every connection and refuses new ones. */
  close(): Promise<void>;
  /**
   * From here on, for the connections that there are and those to come. None is a network that works; what lost bytes
   * under the toxics before is cut, for it could not go on.
   */
  setToxics(toxics: readonly Toxic[]): void;
}

/**
 * Starts it open, at any free port of this machine.
 *
 * @param target the URL of what is behind it, with its port
 */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const url = new URL(target);
  // Without the brackets of an IPv6 address.
  const behind = { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port) };
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
    // No connection that fails to come about ends the others.
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

  // It stays the same whenever the proxy opens again.
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
