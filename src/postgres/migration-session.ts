import type { Config } from '../config/config.ts';
import { readDatabaseUrl } from '../config/database-url.ts';
import { createClient } from './client.ts';
import { endOnAbort } from './end-on-abort.ts';
import { hasServerOfItsOwn } from './sessions.ts';

/** A pooler may hand the session of a migration to others. `message` says what an operator changes. */
class SharedSession extends Error {
  override readonly name = 'SharedSession';

  constructor() {
    super(
      'There is a pooler in front of Postgres, and the lock of a migration lasts for a session. Set MIGRATION_DATABASE_URL to ' +
        'the address of Postgres itself, or DATABASE_POOLER=session if the pooler is in session mode.',
    );
  }
}

/**
 * Checks that a migration would have a session of its own. In transaction mode its lock would stay behind on a connection
 * to Postgres that others use, and no later migration could ever take it.
 *
 * @param signal ends the check, which then throws what its connection throws; default: nothing does
 * @throws {SharedSession}
 * @throws {Error} the error of Postgres or the network
 */
export async function requireOwnSession(
  { url, pooler }: Pick<Config['postgres'], 'url' | 'pooler'>,
  signal?: AbortSignal,
): Promise<void> {
  if (pooler === 'session') return;
  const client = createClient(readDatabaseUrl(url.reveal()), { timeout: 10_000 });
  // The query reports a broken connection. Without a listener, the event would end the process.
  client.on('error', () => {});
  using watching = new DisposableStack();
  watching.use(endOnAbort(client, signal));
  await client.connect();
  try {
    if (!(await hasServerOfItsOwn(client))) throw new SharedSession();
  } finally {
    await client.end();
  }
}
