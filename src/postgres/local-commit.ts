import type { ClientBase } from 'pg';

/**
 * A commit is on the disk of the primary, and its wait for a synchronous standby was cancelled. A failover may undo it, so
 * it must not be answered as done; but it is not undone either.
 *
 * @see https://www.postgresql.org/docs/18/warm-standby.html#SYNCHRONOUS-REPLICATION-HA
 */
class LocalCommit extends Error {
  override readonly name = 'LocalCommit';
  readonly code = 'commit_not_replicated';

  constructor() {
    super('the commit waits for a synchronous standby, and a failover would lose it');
  }
}

/** The routine of the server that waits, which it names whatever its language. */
const waitingRoutine = 'SyncRepWaitForLSN';

/** Notices of the statement that runs on a connection. */
interface Notices {
  areOfLocalCommit: boolean;
}

// One listener for each connection, because adding one for each statement costs more than the rest of the watch.
const watched = new WeakMap<ClientBase, Notices>();

/**
 * Postgres reports the statement as done all the same, with a warning beside the result. Call it before the statement is
 * sent, and what it returns after the result.
 *
 * @returns throws a {@link LocalCommit} when the statement committed on the primary alone
 */
export function watchForLocalCommit(client: ClientBase): () => void {
  const notices = watched.get(client) ?? watch(client);
  notices.areOfLocalCommit = false;
  return () => {
    if (notices.areOfLocalCommit) throw new LocalCommit();
  };
}

function watch(client: ClientBase): Notices {
  const notices: Notices = { areOfLocalCommit: false };
  client.on('notice', ({ routine }: { routine?: string | undefined }) => {
    notices.areOfLocalCommit ||= routine === waitingRoutine;
  });
  watched.set(client, notices);
  return notices;
}
