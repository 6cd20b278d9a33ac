import type { RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import { currentContext } from '../../async-context.ts';
import { closeLingering } from './lingering-close.ts';

/** Pipelined requests that wait for their turn: of one connection, and of all together. Each takes a few kilobytes. */
const mostWaiting = { perConnection: 100, inAll: 10_000 };

export interface Turns {
  /** Runs `then` when every request that has arrived on the connection has started: at once if none waits. */
  whenAllStarted(socket: Socket, then: () => void): void;
  /** Whether no request of the connection is in flight or waits. */
  isIdle(socket: Socket): boolean;
}

/** The requests of one connection. */
interface Line {
  /** Whether one is in flight. */
  busy: boolean;
  /** Starts the others, in the order of their arrival. */
  waiting: Array<() => void>;
  /** Runs after the last of them has started. */
  afterLast: (() => void) | undefined;
  /** Whether the connection closes after them; what comes later is not answered. */
  full: boolean;
  next(): void;
}

/**
 * Starts a request once the operating system has taken the answer to the one before it on the same connection. Node
 * would start all the requests of a packet at once, and hold their answers in memory for as long as the client does not
 * read. With turns, a connection holds one answer, and its requests take effect in the order in which they were sent.
 *
 * Nothing is read from a connection while a request of it waits. More requests in one packet than may wait close the
 * connection after those before them; a client repeats what was not answered (RFC 9112, section 9.3.2).
 */
export function answerInTurn(server: Server): Turns {
  const lines = new WeakMap<Socket, Line>();
  let waitingInAll = 0;

  function lineOf(socket: Socket): Line {
    const known = lines.get(socket);
    if (known !== undefined) return known;
    const line: Line = {
      busy: false,
      waiting: [],
      afterLast: undefined,
      full: false,
      next() {
        line.busy = false;
        // The answer may have ended the connection: with `connection: close`, or because its client has gone.
        if (!socket.writable) return;
        if (line.waiting.length > 0) startNext(line, socket);
        else if (line.full) closeLingering(socket);
      },
    };
    lines.set(socket, line);
    return line;
  }

  function startNext(line: Line, socket: Socket): void {
    waitingInAll -= 1;
    line.waiting.shift()?.();
    if (line.waiting.length > 0) return;
    // The request that has just started may have a body, of which the rest is still to be read.
    socket.resume();
    line.afterLast?.();
  }

  function wait(line: Line, socket: Socket, start: () => void): void {
    if (!paused.has(socket)) pauseWhileWaiting(line, socket);
    if (line.waiting.length === 0) socket.pause();
    waitingInAll += 1;
    // The request before it would otherwise pass on its async context, and with it its trace.
    const inContext = currentContext();
    line.waiting.push(() => inContext(start));
  }

  const paused = new WeakSet<Socket>();
  function pauseWhileWaiting(line: Line, socket: Socket): void {
    paused.add(socket);
    // Node resumes a connection by itself, when it has written an answer for example.
    socket.on('resume', () => {
      if (line.waiting.length > 0) socket.pause();
    });
    socket.once('close', () => {
      waitingInAll -= line.waiting.length;
      line.waiting = [];
    });
  }

  const listeners = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const { socket } = request;
    const line = lineOf(socket);
    const start = (): void => {
      line.busy = true;
      response.once('close', line.next);
      for (const handle of listeners) handle(request, response);
    };
    if (!line.busy) start();
    else if (line.full) return;
    else if (line.waiting.length < mostWaiting.perConnection && waitingInAll < mostWaiting.inAll) {
      wait(line, socket, start);
    } else line.full = true;
  });

  return {
    whenAllStarted(socket, then) {
      const line = lines.get(socket);
      if (line === undefined || line.waiting.length === 0) then();
      else line.afterLast = then;
    },
    isIdle(socket) {
      const line = lines.get(socket);
      return line === undefined || !(line.busy || line.full || line.waiting.length > 0);
    },
  };
}
