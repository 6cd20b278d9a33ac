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

/**
 * Postgres reports the statement as done all the same, with a warning beside the result. Call it before the statement is
 * sent, and what it returns after the result.
 */
export function watchForLocalCommit(client: ClientBase): { check(): void; stop(): void } {
  let isLocal = false;
  const listen = ({ routine }: { routine?: string | undefined }) => {
    isLocal ||= routine === waitingRoutine;
  };
  client.on('notice', listen);
  return {
    /** @throws {LocalCommit} */
    check() {
      if (isLocal) throw new LocalCommit();
    },
    stop: () => client.off('notice', listen),
  };
}
