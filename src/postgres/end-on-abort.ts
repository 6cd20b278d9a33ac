import type { Client } from 'pg';
import { requestCancel } from './cancel-request.ts';

/**
 * When the signal aborts, cancels the statement that a client runs, and closes its connection: whatever waits for the client
 * fails then. Without the request, Postgres would go on with the statement, and keep its locks, until it has a result to send.
 *
 * @returns takes the watch back when it is disposed of
 */
export function endOnAbort(client: Client, signal: AbortSignal | undefined): Disposable {
  const end = () => void requestCancel(client).then(() => client.connection.stream.destroy());
  if (signal?.aborted) end();
  else signal?.addEventListener('abort', end);
  return { [Symbol.dispose]: () => signal?.removeEventListener('abort', end) };
}
