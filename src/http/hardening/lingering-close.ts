import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Milliseconds in which a client can read the last answer. */
const linger = 1000;

/**
 * Says the last words over a connection. It is destroyed when the client has closed its side, or a moment later: to
 * destroy a socket at once while bytes arrive is to reset the connection, and a reset may overtake the answer.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.6
 */
export function closeLingering(socket: Duplex, lastWords?: string): void {
  if (lastWords === undefined) socket.end();
  else socket.end(lastWords);
  const overdue = setTimeout(() => socket.destroy(), linger).unref();
  socket.once('close', () => clearTimeout(overdue));
}

/**
 * Has Node close the connection like this once the present answer is out, and read no more of what comes. Node itself
 * would destroy the socket, or read a body to its end that nobody wants.
 */
export function lingerAfterAnswer(socket: Socket): void {
  socket.destroySoon = () => {
    closeLingering(socket);
    // What Node still does about the request in this turn would start the reading again.
    setImmediate(() => socket.pause());
  };
}
