import { Client, type ClientBase, Connection } from 'pg';
import { startTimeLimit } from '../resilience/time-limit.ts';

/** What the types of pg lack. */
interface RequestConnection extends Connection {
  connect(port: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processID: unknown, secretKey: unknown): void;
}

/** Milliseconds. */
const timeout = 1000;

/**
 * Asks the server of a client to cancel what it runs. Behind a pooler nothing else does: only the pooler knows the process
 * behind the key that it gave the client.
 *
 * @returns when the server has passed the request on, which it says by closing the connection, or cannot be reached, or at
 *   once if the client is not connected; an error if the request may still be on its way, and then reach the next statement of the client
 * @see https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export function requestCancel(client: ClientBase): Promise<Error | undefined> {
  if (!(client instanceof Client && 'processID' in client && 'secretKey' in client) || !client.processID)
    return Promise.resolve(undefined);
  const { processID, secretKey, ssl, host, port } = client;
  const connection = new Connection({ ssl }) as RequestConnection;
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  let doubt: Error | undefined;
  const limit = startTimeLimit({ elapsed: timeout }, () => {
    doubt = new Error('no answer to the request to cancel a statement');
    connection.stream.destroy();
  });
  const request = () => connection.cancel(processID, secretKey);
  connection.on('connect', () => (ssl ? connection.requestSsl() : request()));
  connection.on('sslconnect', request);
  connection.on('error', () => connection.stream.destroy());
  connection.on('end', () => {
    limit.clear();
    resolve(doubt);
  });
  if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
  else connection.connect(port, host);
  return promise;
}
