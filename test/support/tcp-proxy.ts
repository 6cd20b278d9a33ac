import { connect, createServer, type Server, type Socket } from 'node:net';

/** A piece of network between the service and what it depends on, which a test can break. */
export interface TcpProxy extends AsyncDisposable {
  /** The same address with the proxy in between. */
  url: string;
  /** Lets everything through. */
  open(): Promise<void>;
  /** Cuts every connection and refuses new ones. */
  close(): Promise<void>;
  /** Accepts every connection and lets nothing through, in either direction: a network that drops packets. */
  swallow(): Promise<void>;
}

/** @param target the URL of what is behind it. The proxy starts closed. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const sockets = new Set<Socket>();
  let swallowing = false;
  let server: Server | undefined;

  function accept(client: Socket): void {
    const upstream = connect(Number(targetPort), hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => {
        if (!swallowing) to.write(chunk);
      });
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        if (!swallowing) to.destroy();
      });
    }
  }

  async function listen(port: number): Promise<number> {
    if (server) return port;
    server = createServer(accept);
    const { promise: listening, resolve } = Promise.withResolvers<void>();
    server.listen(port, '127.0.0.1', resolve);
    await listening;
    const address = server.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  async function close(): Promise<void> {
    const { promise: closed, resolve } = Promise.withResolvers<unknown>();
    if (server) server.close(resolve);
    else resolve(undefined);
    server = undefined;
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  // Listening once makes the port known; it stays the same whenever the proxy opens again.
  const port = await listen(0);
  await close();
  const url = new URL(target);
  url.host = `127.0.0.1:${port}`;
  return {
    url: url.href,
    async open() {
      swallowing = false;
      await listen(port);
    },
    close,
    async swallow() {
      swallowing = true;
      await listen(port);
    },
    [Symbol.asyncDispose]: close,
  };
}
