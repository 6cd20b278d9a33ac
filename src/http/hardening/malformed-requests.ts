import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { closeLingering } from './lingering-close.ts';
import { type ProblemCode, problems, sendProblem } from '../problem-details.ts';
import { securityHeaders } from './security-headers.ts';

export interface SocketRefusals {
  /** For the option of Fastify that has this name. */
  clientErrorHandler(error: Error & { code?: string }, socket: Socket): void;
  /** Call it once, before anything listens. */
  watch(app: FastifyInstance): void;
  /** To be told of replies that no hook sees. */
  begun(reply: FastifyReply): void;
  /** Closes every connection over which no complete request is at work. */
  closeUnfinished(): void;
}

/**
 * Answers what never becomes a request: what is no HTTP, what is too slow, what is meant for a proxy. Where the
 * request has come far enough to be answered in the ordinary way, it is.
 *
 * @param onUnreadable told of what is answered on the socket itself; no hook sees it
 */
export function createSocketRefusals(
  onUnreadable: (refusal: { requestId: string; status: number }) => void,
): SocketRefusals {
  const open = new Set<Socket>();
  /** The last reply that was begun over a connection; there may be earlier ones in flight. */
  const latest = new WeakMap<Socket, FastifyReply>();
  const refused = new WeakSet<Duplex>();

  function begun(reply: FastifyReply): void {
    latest.set(reply.request.socket, reply);
  }

  function refuse(socket: Duplex, code: RefusalCode): void {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const requestId = randomUUID();
    closeLingering(socket, answer(code, requestId));
    onUnreadable({ requestId, status: problems[code].status });
  }

  return {
    clientErrorHandler(error, socket) {
      if (error.code === 'ECONNRESET' || !socket.writable) {
        socket.destroy();
        return;
      }
      // Whatever comes after the first error is one more.
      if (refused.has(socket)) return;
      refused.add(socket);

      const code = codeOf(error);
      const reply = latest.get(socket);
      if (reply === undefined) refuse(socket, code);
      else if (reply.request.raw.complete) {
        // What is wrong came after this request: its answer comes first.
        if (reply.raw.writableFinished) refuse(socket, code);
        else reply.raw.once('close', () => refuse(socket, code));
      } else if (reply.sent || reply.raw.headersSent) socket.destroySoon();
      else sendProblem(reply.header('connection', 'close'), problems[code], refusals[code]);
    },

    watch(app) {
      app.server.on('connection', (socket) => {
        open.add(socket);
        socket.once('close', () => open.delete(socket));
      });
      app.server.on('connect', (_request, socket) => {
        // From here on nobody else listens or reads.
        socket.on('error', () => {}).resume();
        refuse(socket, 'method_not_allowed');
      });
      app.addHook('onRequest', (_request, reply, done) => {
        begun(reply);
        done();
      });
    },
    begun,

    closeUnfinished() {
      for (const socket of open) {
        const reply = latest.get(socket);
        const atWork = reply?.request.raw.complete && !reply.raw.writableFinished;
        if (!atWork) socket.destroy();
      }
    },
  };
}

/** What is said about each. */
const refusals = {
  malformed_request:
    'The connection was closed, because what came over it is not a request that HTTP allows.',
  headers_too_large: 'The connection was closed, because the headers of the request are too large.',
  payload_too_large: 'The connection was closed, because the body has too much around its data.',
  request_timeout: 'The connection was closed, because the request did not arrive in time. Send it again.',
  method_not_allowed: 'This is no proxy.',
} as const satisfies Partial<Record<ProblemCode, string>>;

type RefusalCode = keyof typeof refusals;

/** https://nodejs.org/api/http.html#event-clienterror */
function codeOf(error: Error & { code?: string }): RefusalCode {
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

function answer(code: RefusalCode, requestId: string): string {
  const { status, title } = problems[code];
  const detail = refusals[code];
  const body = JSON.stringify({ type: `urn:problem:${code}`, title, status, detail, code, requestId });
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    // Empty: there is no method that would do.
    ...(code === 'method_not_allowed' ? ['allow: '] : []),
    ...Object.entries(securityHeaders).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
