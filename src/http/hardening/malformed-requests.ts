import { randomUUID } from 'node:crypto';
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type ProblemCode, problemPath, problems, sendProblem } from '../problem-details.ts';
import { closeLingering } from './lingering-close.ts';
import { securityHeaders } from './security-headers.ts';
import type { Turns } from './turns.ts';

export interface MalformedRequestHandler {
  /** Fastify's option `clientErrorHandler`: responds to what Node's parser rejects. */
  handleParseError(error: Error & { code?: string }, socket: Socket): void;
  /**
   * Follows the connections of a server and the replies that its hooks see. One without progress for the server's `timeout` is
   * closed, unless its client has sent all and waits for the answer. Call it once, before `listen`.
   */
  trackConnections(app: FastifyInstance, turns: Turns): void;
  /** Reports a reply that no hook sees. */
  replyStarted(reply: FastifyReply): void;
  /** Destroys every connection that carries no complete request in flight. */
  dropIncompleteRequests(): void;
  /** Those that are complete, and that their clients have not read. */
  answersOnTheirWay(): ServerResponse[];
}

/**
 * Responds to bytes that never become a request: text that is not HTTP, requests that arrive too slowly, requests for a
 * proxy. A request that already has a Fastify reply is answered through it.
 *
 * What a parse error leads to depends on the latest reply of its connection:
 *
 *     no reply yet ─────────────────────────────────────────▶ problem on the socket, close
 *     request incomplete (its body is malformed or late)
 *       ├─ no response started ─────────────────────────────▶ problem as its response, close
 *       └─ response started ────────────────────────────────▶ close: half a response is already sent
 *     request complete (the bytes after it are malformed)
 *       ├─ response finished ───────────────────────────────▶ problem on the socket, close
 *       └─ response pending ── when it is sent ─────────────▶ problem on the socket, close
 *
 * @param onUnreadable called for each problem that goes out on the socket itself, because no hook sees those
 */
export function createMalformedRequestHandler(
  onUnreadable: (refusal: { requestId: string; status: number }) => void,
): MalformedRequestHandler {
  /** Every open connection, including those without any request: a shutdown has to close them all. */
  const openSockets = new Set<Socket>();
  let turns: Turns | undefined;
  /** The latest reply of each connection. */
  const latestReply = new WeakMap<Socket, FastifyReply>();
  /** Connections with a parse error. The parser reports further bytes as further errors; only the first counts. */
  const failedSockets = new WeakSet<Duplex>();

  function replyStarted(reply: FastifyReply): void {
    latestReply.set(reply.request.socket, reply);
  }

  function answerOnSocket(socket: Duplex, code: RefusalCode): void {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const requestId = randomUUID();
    closeLingering(socket, renderProblem(code, requestId));
    onUnreadable({ requestId, status: problems[code].status });
  }

  function refuse(socket: Socket, code: RefusalCode): void {
    const reply = latestReply.get(socket);
    if (reply === undefined) answerOnSocket(socket, code);
    else if (reply.request.raw.complete) {
      if (reply.raw.writableFinished) answerOnSocket(socket, code);
      else reply.raw.once('close', () => answerOnSocket(socket, code));
    } else if (reply.sent || reply.raw.headersSent) socket.destroySoon();
    else sendProblem(reply.header('connection', 'close'), problems[code], details[code]);
  }

  return {
    handleParseError(error, socket) {
      if (error.code === 'ECONNRESET' || !socket.writable) {
        socket.destroy();
        return;
      }
      if (failedSockets.has(socket)) return;
      failedSockets.add(socket);
      // The malformed bytes come after the requests that wait, or are in the body of the last of them.
      turns?.whenAllStarted(socket, () => refuse(socket, problemOf(error)));
    },

    trackConnections(app, turnsOfServer) {
      turns = turnsOfServer;
      app.server.on('connection', (socket) => {
        openSockets.add(socket);
        socket.once('close', () => openSockets.delete(socket));
      });
      app.server.on('timeout', (socket) => {
        const reply = latestReply.get(socket);
        const isWaiting = reply !== undefined && reply.request.raw.complete && !reply.raw.headersSent;
        if (isWaiting) socket.setTimeout(app.server.timeout);
        else socket.destroy();
      });
      app.server.on('connect', (request, socket) => {
        // Node has detached its own listeners: without these, an error would be thrown and the input never read.
        socket.on('error', () => {}).resume();
        turnsOfServer.whenAllStarted(request.socket, () => refuse(request.socket, 'method_not_allowed'));
      });
      app.addHook('onRequest', (_request, reply, done) => {
        replyStarted(reply);
        done();
      });
    },

    replyStarted,

    dropIncompleteRequests() {
      for (const socket of openSockets) {
        const reply = latestReply.get(socket);
        const isInFlight = reply?.request.raw.complete && !reply.raw.writableFinished;
        if (!isInFlight) socket.destroy();
      }
    },

    answersOnTheirWay: () =>
      [...openSockets]
        .flatMap((socket) => latestReply.get(socket)?.raw ?? [])
        .filter(({ writableEnded, writableFinished }) => writableEnded && !writableFinished),
  };
}

const details = {
  malformed_request: 'The connection was closed, because it carried something that is not valid HTTP/1.1.',
  headers_too_large:
    'The connection was closed, because the request headers are too large. Send fewer or shorter ones.',
  payload_too_large:
    'The connection was closed, because the chunk extensions of the body are too large. Send none.',
  request_timeout: 'The connection was closed, because the request did not arrive in time. Send it again.',
  method_not_allowed: 'This server is not a proxy. Send the request to its destination.',
} as const satisfies Partial<Record<ProblemCode, string>>;

type RefusalCode = keyof typeof details;

/** @see https://nodejs.org/api/http.html#event-clienterror */
function problemOf(error: Error & { code?: string }): RefusalCode {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request_timeout';
    case 'HPE_HEADER_OVERFLOW':
      return 'headers_too_large';
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 'payload_too_large';
    default:
      return 'malformed_request';
  }
}

/** A whole HTTP response, because there is no Fastify reply to send it with. */
function renderProblem(code: RefusalCode, requestId: string): string {
  const { status, title } = problems[code];
  const detail = details[code];
  const body = JSON.stringify({ type: problemPath(code), title, status, detail, code, requestId });
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    // An origin server with a clock must send it (RFC 9110, section 6.6.1).
    `date: ${new Date().toUTCString()}`,
    `x-request-id: ${requestId}`,
    // A 405 needs `allow`; it is empty, because no method works on the authority of a proxy request.
    ...(code === 'method_not_allowed' ? ['allow: '] : []),
    ...Object.entries(securityHeaders).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
