import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Milliseconds that a client has to read the last response. */
const linger = 1000;

/**
 * Ends a connection after a last response and destroys it once the client has closed its side, or a moment later.
 * Destroying a socket at once while bytes arrive resets the connection, and a reset may overtake the response.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.6
 */
export function closeLingering(socket: Duplex, lastAnswer?: string): void {
  if (lastAnswer === undefined) socket.end();
  else socket.end(lastAnswer);
  const overdue = setTimeout(() => socket.destroy(), linger).unref();
  socket.once('close', () => clearTimeout(overdue));
}

/**
 * Makes Node close the connection in this way after the current response, and read no further. Node itself would
 * destroy the socket, or read an unwanted body to its end.
 */
export function lingerAfterAnswer(socket: Socket): void {
  socket.destroySoon = () => {
    closeLingering(socket);
    // Node's own handling of the request in this turn would resume reading.
    setImmediate(() => socket.pause());
  };
}
