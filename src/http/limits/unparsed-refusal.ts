import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { closeLingering } from '../hardening/lingering-close.ts';
import type { Turns } from '../hardening/turns.ts';
import { constantHeaders, type EarlyRefusal, headersOverTls, type Refusal } from './early-refusal.ts';
import { bodyWith, retryAfter, status } from './overloaded.ts';
import { type PlainRequest, readPlainRequest } from './plain-request.ts';

/**
 * Refuses requests before Node's parser sees them: its objects for a request and a response take most of what a refusal
 * costs. The parser stays in charge of everything else. A request is taken out of its input only when
 *
 * - its bytes are one chunk, with nothing before and nothing after it (`readPlainRequest`);
 * - the parser stands between two requests: it made exactly the same of the chunk before as `readPlainRequest`;
 * - no request of the connection is in flight or waits for its turn, and every earlier answer was taken.
 *
 * Watches connections that were refused before, because a parser that hands its input over is slower. The first request of a
 * connection has always gone through it, so that Node's time limits apply.
 */
export function refuseUnparsed(server: Server, turns: Turns, early: EarlyRefusal): void {
  const watched = new WeakSet<Socket>();
  const keepAlive = `keep-alive\r\nkeep-alive: timeout=${Math.floor(server.keepAliveTimeout / 1000)}`;
  const parser: { latest: IncomingMessage | undefined } = { latest: undefined };
  // A parser emits it while it is given a chunk.
  server.prependListener('request', (request) => {
    parser.latest = request;
  });

  function watch(socket: Socket): void {
    const [parse, ...others] = socket.listeners('data') as Array<(chunk: Buffer) => void>;
    // The parser would leave behind a socket that it has paused, and does not read on when that is resumed.
    if (!turns.isIdle(socket) || socket.isPaused() || parse === undefined || others.length > 0) return;
    watched.add(socket);
    let isBetweenRequests = false;
    let isClosing = false;

    function read(chunk: Buffer): void {
      // What comes after the last answer is dropped.
      if (isClosing) return;
      const request = early.shedding() ? readPlainRequest(chunk) : undefined;
      const isNext =
        isBetweenRequests && turns.isIdle(socket) && socket.writable && socket.writableLength === 0;
      const refusal = request && isNext ? early.refusalOf(request, socket) : undefined;
      if (refusal?.last) {
        isClosing = true;
        closeLingering(socket, written(refusal, 'close'));
      } else if (refusal) socket.write(written(refusal, keepAlive), 'latin1');
      else {
        parser.latest = undefined;
        parse?.call(socket, chunk);
        isBetweenRequests = request !== undefined && isSame(request, parser.latest);
      }
    }

    socket.on('data', read);
    socket.off('data', parse);
  }

  early.onRefused = (socket) => {
    // After the turn, in which the answer is sent and Node resumes what it has paused.
    if (!watched.has(socket)) setImmediate(watch, socket);
  };
}

/** The status line and the fields that do not change. */
function startWith(fields: readonly string[]): string {
  let start = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
  for (let index = 0; index < fields.length; index += 2)
    start += `${fields[index]}: ${fields[index + 1]}\r\n`;
  return start;
}
const start = startWith(constantHeaders);
const startOverTls = startWith(headersOverTls);

function written({ requestId, overTls }: Refusal, connection: string): string {
  const body = bodyWith(requestId);
  return `${overTls ? startOverTls : start}retry-after: ${retryAfter()}\r\nx-request-id: ${requestId}\r\ncontent-length: ${body.length}\r\ndate: ${currentDate()}\r\nconnection: ${connection}\r\n\r\n${body}`;
}

/** A date in HTTP has whole seconds, so it is made once for each of them, as Node does. */
function currentDate(): string {
  const now = Date.now();
  if (now >= date.until) date = { text: new Date(now).toUTCString(), until: now - (now % 1000) + 1000 };
  return date.text;
}
let date = { text: '', until: 0 };

function isSame(request: PlainRequest, parsed: IncomingMessage | undefined): boolean {
  return (
    parsed !== undefined &&
    parsed.method === request.method &&
    parsed.url === request.url &&
    parsed.rawHeaders.length === request.rawHeaders.length &&
    parsed.rawHeaders.every((each, index) => each === request.rawHeaders[index])
  );
}
