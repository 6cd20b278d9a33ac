import type { DatabaseHost } from '../config/database-url.ts';
import { hostAndPort } from '../config/host-and-port.ts';

/** Which of several servers takes writes. All connections share one search, and its result until it fails one of them. */
export interface ServerSearch {
  /** @throws {NoServer} when none of them does */
  find(): Promise<DatabaseHost>;
  /** The server could not be connected to, or takes no writes any more. */
  failed(server: DatabaseHost): void;
}

/** No server of DATABASE_URL can be used. `errors` has the reason of each. */
export class NoServer extends AggregateError {
  override readonly name = 'NoServer';
  readonly code = 'no_server';
}

/**
 * Asks all servers at once, so that one that does not answer delays nobody.
 *
 * @param ask connects to a server, and rejects unless it can be used
 * @param onFound called when another server than before is found, and for the first one
 */
export function searchServers(
  servers: readonly DatabaseHost[],
  ask: (server: DatabaseHost) => Promise<void>,
  onFound: (server: DatabaseHost) => void,
): ServerSearch {
  let known: DatabaseHost | undefined;
  let last: DatabaseHost | undefined;
  let searching: Promise<DatabaseHost> | undefined;

  async function search(): Promise<DatabaseHost> {
    try {
      known = await Promise.any(
        servers.map(async (server) => {
          await ask(server);
          return server;
        }),
      );
    } catch (error) {
      throw error instanceof AggregateError ? new NoServer(error.errors, reasonsOf(servers, error)) : error;
    } finally {
      searching = undefined;
    }
    if (known !== last) onFound(known);
    last = known;
    return known;
  }

  return {
    find: async () => known ?? (searching ??= search()),
    failed(server) {
      if (known === server) known = undefined;
    },
  };
}

function reasonsOf(servers: readonly DatabaseHost[], { errors }: AggregateError): string {
  const reasons = servers.map((server, index) => {
    const error: unknown = errors[index];
    return `${hostAndPort(server)}: ${error instanceof Error ? error.message || reasonsIn(error) : String(error)}`;
  });
  return `no server of DATABASE_URL takes writes (${reasons.join('; ')})`;
}

/** A name with several addresses fails with one error for each of them, and has no message of its own. */
function reasonsIn(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(String).join(', ') : error.name;
}
