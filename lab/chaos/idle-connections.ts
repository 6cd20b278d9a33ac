import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds before a connection that the service has closed is made again. */
const pause = 100;

/**
 * A client that asks one thing on each of its connections and keeps it: it forgets to close them, and makes those again
 * that the service closes. Resolves when all are there; what comes back ends them.
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
    // A path that there is not costs the service next to nothing.
    socket.write('GET /nothing HTTP/1.1\r\nhost: service\r\n\r\n');
    await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => {});
    socket.resume();
  }

  // One after the other: a storm of requests would be another fault.
  for (let index = 0; index < count; index += 1) await hold();
  return async () => {
    ending.abort();
    const closed = [...held].map((socket) => once(socket, 'close'));
    for (const socket of held) socket.destroy();
    await Promise.all(closed);
  };
}
