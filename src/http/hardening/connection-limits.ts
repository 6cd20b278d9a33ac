import type { FastifyHttpOptions, FastifyInstance } from 'fastify';
import type { Server } from 'node:http';
import type { ConnectionLimits } from '../../config/http-config.ts';

/** What a listener reports about its connections and about input that never becomes a request. */
export interface ConnectionEvents {
  opened(): void;
  closed(): void;
  /** A connection was closed at once, because there were too many. */
  refused(): void;
  /** The bytes of large answers that clients have not read changed by this number. */
  unread(change: number): void;
  /** A request was refused before routing, so no hook saw it. */
  unreadable(refusal: { requestId: string; status: number }): void;
}

/** Longest interval between two checks for slow clients, in milliseconds. */
const slowestCheck = 1000;

/** The limits that are options of Fastify and of Node's server. */
export function limitOptions(limits: ConnectionLimits) {
  return {
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    connectionTimeout: limits.sendTimeout,
    http: {
      headersTimeout: limits.headersTimeout,
      connectionsCheckingInterval: Math.min(slowestCheck, Math.ceil(limits.headersTimeout / 4)),
      maxHeaderSize: limits.maxHeaderBytes,
      // Overrides `--insecure-http-parser` in NODE_OPTIONS.
      insecureHTTPParser: false,
      // A header that must be unique becomes invalid when its values are joined; Node would keep the first and hide the rest.
      joinDuplicateHeaders: true,
      // request-rules.ts checks the host: Node's own response has no body.
      requireHostHeader: false,
    },
  } satisfies FastifyHttpOptions<Server>;
}

/** The limits that Node takes only on an existing server. A connection beyond them is closed once accepted. */
export function limitConnections(
  { server }: Pick<FastifyInstance, 'server'>,
  { maxConnections, maxHeaders }: ConnectionLimits,
  events: ConnectionEvents,
): void {
  server.maxConnections = maxConnections;
  // Node silently drops headers beyond this number. One more than the limit makes an excess visible to request-rules.ts.
  server.maxHeadersCount = maxHeaders + 1;
  server.on('drop', events.refused);
  server.on('connection', (socket) => {
    events.opened();
    socket.once('close', events.closed);
  });
}
