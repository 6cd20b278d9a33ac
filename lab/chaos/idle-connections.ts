import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds before a connection that the service has closed is reopened. */
const pause = 100;

/**
 * A client that leaks connections: it sends one request on each, never closes it, and reopens those that the service
 * closes. Resolves once all are open. The returned function closes them.
 */
export async function holdConnections(url: string, count: number): Promise<() => Promise<void>> {
  const { hostname, port } = new URL(url);
  const held = new Set<Socket>();
  const ending = new AbortController();

  async function hold(): Promise<void> {
    const socket = connect(Number(port), hostname);
    held.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      held.delete(socket);
      void delay(pause, undefined, { signal: ending.signal }).then(hold, () => {});
    });
    // A 404 costs the service next to nothing.
    socket.write('GET /nothing HTTP/1.1\r\nhost: service\r\n\r\n');
    await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => {});
    socket.resume();
  }

  // One by one: a burst of requests would be another fault.
  for (let index = 0; index < count; index += 1) await hold();
  return async () => {
    ending.abort();
    const closed = [...held].map((socket) => once(socket, 'close'));
    for (const socket of held) socket.destroy();
    await Promise.all(closed);
  };
}
