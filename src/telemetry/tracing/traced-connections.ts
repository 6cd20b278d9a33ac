import type { Server } from 'node:http';
import type { Socket } from 'node:net';

const traced = new WeakSet<Socket>();

/** Lets the HTTP instrumentation, which sees the requests to every server, trace those to this one. */
export function traceConnectionsOf(server: Server): void {
  server.on('connection', (socket) => void traced.add(socket));
}

export function isTraced(socket: Socket): boolean {
  return traced.has(socket);
}
