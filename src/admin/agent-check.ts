import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { roomFor } from '../admission/priorities.ts';
import { StartupError } from '../errors.ts';
import { oneAddress, unusableAddress } from '../http/listen.ts';

export interface AgentCheckParts {
  draining(): boolean;
  ready(): Promise<boolean>;
  /** Requests that admission control lets in flight now; `undefined` when it is off. */
  limit(): number | undefined;
}

/** Load balancers ask one question per connection, a few times a second. */
const mostConnections = 32;
/** Milliseconds until a connection that takes no answer is closed. */
const patience = 2000;

/**
 * Answers HAProxy's agent check: one line per TCP connection with the state of this instance and how many requests it takes
 * at a time. So the load balancer holds the excess back and refuses it, at a fraction of what it costs here.
 *
 * The number is the room for new work, of which nearly all load consists: more would only be refused here. The rest of the
 * limit stays free for what comes past the load balancer.
 *
 * @see https://docs.haproxy.org/2.6/configuration.html#agent-check
 * @throws {StartupError} when the address is unusable
 */
export async function startAgentCheck(
  address: { host: string; port: number },
  { draining, ready, limit }: AgentCheckParts,
): Promise<{ close(): Promise<void> }> {
  async function line(): Promise<string> {
    if (draining()) return 'drain\n';
    if (!(await ready())) return 'down#not ready\n';
    const most = limit();
    // `ready` ends an earlier `drain`, `up` an earlier `down`.
    return most === undefined ? 'ready up\n' : `ready up maxconn:${roomFor('place', most)}\n`;
  }

  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => {});
    socket.setTimeout(patience, () => socket.destroy());
    // What HAProxy may send (`agent-send`) says nothing new.
    socket.resume();
    void line().then((text) => socket.end(text));
  });
  server.maxConnections = mostConnections;
  try {
    // Where the admin listener is.
    const host = await oneAddress(address.host);
    const listening = once(server, 'listening');
    server.listen({ host, port: address.port });
    await listening;
  } catch (error) {
    const message = unusableAddress(error, address, 'AGENT_PORT', false);
    throw message === undefined ? error : new StartupError(message, { cause: error });
  }
  return {
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
