import type { FastifyHttpOptions, FastifyInstance } from 'fastify';
import type { Server } from 'node:http';

/** What one client may take of a listener. All times in milliseconds. */
export interface ConnectionLimits {
  /** From the opening of a connection, or from the first byte of a later request, to the last byte of its headers. */
  headersTimeout: number;
  /** The same to the last byte of the body. */
  requestTimeout: number;
  /** Without a request. */
  keepAliveTimeout: number;
  /** While a request is at work or its answer on the way, and nothing moves. */
  sendTimeout: number;
  /** Request line and headers. */
  maxHeaderBytes: number;
  maxHeaders: number;
  maxConnections: number;
}

/** What a listener tells about its connections, and about what never becomes a request. */
export interface ConnectionEvents {
  opened(): void;
  closed(): void;
  /** Closed at once, because there were too many. */
  refused(): void;
  /** A request was refused before it could be routed; no other hook saw it. */
  unreadable(refusal: { requestId: string; status: number }): void;
}

/** Longest time between two looks for clients that are too slow, in milliseconds. */
const slowestCheck = 1000;

/** The limits that Fastify and Node are given when a server is made. */
export function limitOptions(limits: ConnectionLimits) {
  return {
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    connectionTimeout: limits.sendTimeout,
    http: {
      headersTimeout: limits.headersTimeout,
      connectionsCheckingInterval: Math.min(slowestCheck, Math.ceil(limits.headersTimeout / 4)),
      maxHeaderSize: limits.maxHeaderBytes,
      // Whatever NODE_OPTIONS says.
      insecureHTTPParser: false,
      // Joined, a header that must be there once has no valid value; Node would take the first and hide the others.
      joinDuplicateHeaders: true,
      // Node's own answer has no body; request-rules.ts has one.
      requireHostHeader: false,
    },
  } satisfies FastifyHttpOptions<Server>;
}

/** The limits that Node takes afterwards. A connection beyond them is closed as soon as it is accepted. */
export function limitConnections(
  { server }: Pick<FastifyInstance, 'server'>,
  { maxConnections, maxHeaders }: ConnectionLimits,
  events: ConnectionEvents,
): void {
  server.maxConnections = maxConnections;
  // Node drops what is beyond silently. One more than is allowed shows that there were too many.
  server.maxHeadersCount = maxHeaders + 1;
  server.on('drop', events.refused);
  server.on('connection', (socket) => {
    events.opened();
    socket.once('close', events.closed);
  });
}
