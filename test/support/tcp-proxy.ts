import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What a network does to the answers of whoever is behind it, in the names and units of Toxiproxy:
 * https://github.com/Shopify/toxiproxy#toxics
 */
export type Toxic =
  /** They come so many milliseconds later, give or take the jitter. */
  | { type: 'latency'; latency: number; jitter: number }
  /** They come at so many kilobytes a second at most, on each connection. */
  | { type: 'bandwidth'; rate: number }
  /** Every packet is dropped, in both directions, and nobody is told. */
  | { type: 'timeout' }
  /** Every connection is reset after so many milliseconds. */
  | { type: 'reset_peer'; timeout: number }
  /** The end of a connection arrives so many milliseconds later. */
  | { type: 'slow_close'; delay: number };

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
  /** Lets everything through, answers so many milliseconds late. */
  slowDown(latency: number): void;
  /** From here on, for the connections that there are and those to come. None is a network that works. */
  setToxics(toxics: readonly Toxic[]): void;
}

/** @param target the URL of what is behind it. The proxy starts closed. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const sockets = new Set<Socket>();
  const clients = new Set<Socket>();
  let toxics: readonly Toxic[] = [];
  let server: Server | undefined;

  const swallowing = () => toxics.some(({ type }) => type === 'timeout');

  function accept(client: Socket): void {
    const upstream = connect({ port: Number(targetPort), host: hostname, allowHalfOpen: true });
    const answers = createDelayedWriter(client, () => toxics);
    clients.add(client);
    resetIfToxic(client);
    for (const [from, to, forward] of [
      [client, upstream, (chunk: Buffer) => upstream.write(chunk)],
      [upstream, client, answers.write],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk: Buffer) => {
        if (!swallowing()) forward(chunk);
      });
      from.on('error', () => {});
      from.on('end', () => {
        if (swallowing()) return;
        if (from === upstream) answers.close();
        else to.end();
      });
      from.on('close', () => {
        sockets.delete(from);
        clients.delete(from);
        if (swallowing()) return;
        if (from === upstream) answers.close();
        else to.destroy();
      });
    }
  }

  function resetIfToxic(client: Socket): void {
    for (const toxic of toxics) {
      if (toxic.type === 'reset_peer') setTimeout(() => client.resetAndDestroy(), toxic.timeout);
    }
  }

  function setToxics(next: readonly Toxic[]): void {
    toxics = next;
    for (const client of clients) resetIfToxic(client);
  }

  async function listen(port: number): Promise<number> {
    if (server) return port;
    server = createServer({ allowHalfOpen: true }, accept);
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
      setToxics(toxics.filter(({ type }) => type !== 'timeout'));
      await listen(port);
    },
    close,
    async swallow() {
      setToxics([{ type: 'timeout' }]);
      await listen(port);
    },
    slowDown(latency) {
      setToxics(latency === 0 ? [] : [{ type: 'latency', latency, jitter: 0 }]);
    },
    setToxics,
    [Symbol.asyncDispose]: close,
  };
}

/** Writes in order, each chunk when a slow network would have brought it. */
function createDelayedWriter(client: Socket, toxics: () => readonly Toxic[]) {
  /** When the last chunk is out, by `performance.now()`. */
  let busyUntil = 0;

  /** Milliseconds that this chunk takes longer. */
  function delayOf(bytes: number): { travel: number; transfer: number } {
    let travel = 0;
    let transfer = 0;
    for (const toxic of toxics()) {
      if (toxic.type === 'latency') travel += toxic.latency + toxic.jitter * (2 * Math.random() - 1);
      // Kilobytes a second are bytes a millisecond.
      if (toxic.type === 'bandwidth') transfer += bytes / toxic.rate;
    }
    return { travel, transfer };
  }

  return {
    write(chunk: Buffer): void {
      const now = performance.now();
      const { travel, transfer } = delayOf(chunk.length);
      if (travel === 0 && transfer === 0 && busyUntil <= now) {
        client.write(chunk);
        return;
      }
      busyUntil = Math.max(now + travel, busyUntil) + transfer;
      setTimeout(() => client.write(chunk), busyUntil - now);
    },
    close(): void {
      const slow = toxics().find((toxic) => toxic.type === 'slow_close');
      const wait = Math.max(0, busyUntil - performance.now(), slow?.delay ?? 0);
      // What was written before is on its way.
      if (wait === 0) client.destroySoon();
      else setTimeout(() => client.destroySoon(), wait);
    },
  };
}
