import { setTimeout as delay } from 'node:timers/promises';
import { PG_MIGRATE_LOCK_ID, runner } from 'node-pg-migrate';
import { type ClientBase, DatabaseError } from 'pg';
import { readDatabaseUrl } from '../config/database-url.ts';
import type { Backoff } from '../resilience/backoff.ts';
import { deadlineIn } from '../resilience/deadline.ts';
import { retryWithFullJitter } from '../resilience/retry-with-full-jitter.ts';
import { createClient } from './client.ts';
import { endOnAbort } from './end-on-abort.ts';
import { dropIfInvalid, invalidIndexes } from './invalid-indexes.ts';
import { folder, migrationFile, table } from './migration-files.ts';
import { migrationLoaders } from './migration-loader.ts';
import { indexBuiltBy, type IndexName } from './sql-statements.ts';

export interface MigrationOptions {
  /**
   * Longest wait for a lock, in milliseconds. Every request for the table queues behind such a wait, so it stays well below
   * the timeout of their statements. Default 500.
   */
  lockTimeout?: number;
  /** For how long a migration that did not get its locks is tried again, in milliseconds. Default one minute. */
  lockDeadline?: number;
  /** Default: the service's own. */
  folder?: string;
  /** Called with a line for a person who waits or has something to mend. Default: nobody reads it. */
  say?: (line: string) => void;
  /** Cancels what is running and closes the connection, which undoes a migration in a transaction. Default: nothing does. */
  signal?: AbortSignal;
}

/** Between the tries, the requests that queued behind the last one go on. */
const backoff: Backoff = { base: 1000, floor: 250, cap: 5000 };
/** Milliseconds between two tries to take the migration lock. */
const turn = 250;
/** Milliseconds after which a wait for another migration is worth a line. */
const longWait = 2000;

/**
 * Brings the database up to date and returns the names of the migrations it applied. Safe to run in several processes at
 * once: an advisory lock lets one of them work, and the others then find nothing left to do.
 *
 * A migration in a transaction gives up its place in the queue for a lock after `lockTimeout`, and is tried again. An index
 * that is built CONCURRENTLY blocks nobody, so it waits as long as it takes; what a failed build left behind is dropped.
 */
export async function migrate(databaseUrl: string, options: MigrationOptions = {}): Promise<string[]> {
  const { say = () => {}, signal } = options;
  const client = createClient(readDatabaseUrl(databaseUrl), { timeout: 10_000 });
  // Between two statements nothing else says why; without a listener it would end the process.
  let broken: Error | undefined;
  client.on('error', (error) => {
    broken ??= error;
  });
  using watching = new DisposableStack();
  watching.use(endOnAbort(client, signal));
  await client.connect();
  try {
    signal?.throwIfAborted();
    await client.query(unlimited);
    await takeMigrationLock(client, say);
    const applied: string[] = [];
    for (;;) {
      const name = await applyNext(client, options);
      if (name === undefined) break;
      applied.push(name);
    }
    for (const index of await invalidIndexes(client)) say(mend(index));
    return applied;
  } catch (error) {
    throw broken ?? error;
  } finally {
    // The lock ends with the session.
    await client.end();
  }
}

/**
 * What a role, a database or a plan sets is meant for the statements of the service: a migration takes long, and waits long between
 * two tries. Those that this version of Postgres does not have are left out.
 */
const unlimited = `
  SELECT set_config(name, '0', false) FROM pg_settings
  WHERE name IN ('statement_timeout', 'transaction_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout')`;

const mend = (index: string) =>
  `The index ${index} is INVALID, so no query uses it: REINDEX INDEX CONCURRENTLY ${index} mends it.`;

/**
 * Waits for the advisory lock of node-pg-migrate. A session that waits in `pg_advisory_lock` has a snapshot, for which
 * CREATE INDEX CONCURRENTLY in the session that has the lock would wait: a deadlock. So this asks again and again.
 */
async function takeMigrationLock(client: ClientBase, say: (line: string) => void): Promise<void> {
  let untold = true;
  const startedAt = performance.now();
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
      PG_MIGRATE_LOCK_ID,
    ]);
    if (rows[0]?.locked) return;
    if (untold && performance.now() - startedAt >= longWait) {
      untold = false;
      say('Waiting for another migration of this database to end.');
    }
    await delay(turn);
  }
}

/** Applies the first migration that is missing, and returns its name. */
async function applyNext(client: ClientBase, options: MigrationOptions): Promise<string | undefined> {
  const { lockTimeout = 500, lockDeadline = 60_000 } = options;
  const result = await retryWithFullJitter(
    async (attempt) => {
      try {
        const wait = attempt === 1 ? lockTimeout : await waitForLocks(client, lockTimeout);
        return { kind: 'done' as const, value: await tryNext(client, wait, options) };
      } catch (error) {
        if (!isLostLock(error)) throw error;
        return { kind: 'again' as const, failure: error };
      }
    },
    { backoff, deadline: deadlineIn(lockDeadline) },
  );
  if (result.kind === 'done') return result.value;
  throw new Error(`${result.failure.message}; ${await whoHasLocks(client)}`, { cause: result.failure });
}

async function tryNext(
  client: ClientBase,
  lockTimeout: number,
  { folder: dir = folder, say = () => {} }: MigrationOptions,
): Promise<string | undefined> {
  // The tables of the service stand in `public`.
  await client.query(`SET search_path = public; SET lock_timeout = ${lockTimeout}`);
  const building: IndexName[] = [];

  async function dropLeftovers(): Promise<void> {
    for (const index of building) {
      const name = await dropIfInvalid(client, index);
      if (name !== undefined) say(`Dropped the index ${name}, which a failed build had left INVALID.`);
    }
  }

  async function beforeOnline(statements: readonly string[]): Promise<void> {
    await client.query('SET lock_timeout = 0');
    building.push(...statements.map(indexBuiltBy).filter((index) => index !== undefined));
    await dropLeftovers();
  }

  try {
    const [applied] = await runner({
      dbClient: client,
      dir,
      // The runner takes every other file, such as a README, for a migration.
      ignorePattern: `(?!${migrationFile.source}).*`,
      migrationLoaderStrategies: migrationLoaders(beforeOnline),
      migrationsTable: table,
      direction: 'up',
      count: 1,
      noLock: true,
      // The return value reports the result; the runner's own lines would be a second format on stdout.
      log: () => {},
    });
    return applied?.name;
  } catch (error) {
    try {
      await client.query('ROLLBACK');
      await dropLeftovers();
    } catch {
      // The connection is gone, most likely, and the first error says why. The next run drops what is left.
    }
    throw error;
  }
}

/**
 * Whether a migration gave way to another session: by the lock timeout or as the victim of a deadlock.
 *
 * @see https://www.postgresql.org/docs/18/errcodes-appendix.html (lock_not_available, deadlock_detected)
 */
function isLostLock(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && (error.code === '55P03' || error.code === '40P01');
}

/**
 * How long to wait for a lock, in milliseconds. Postgres ends an autovacuum in favour of somebody who has waited for it for
 * `deadlock_timeout`, 1 s by default: while one runs, a shorter wait would be in vain every time.
 */
async function waitForLocks(client: ClientBase, lockTimeout: number): Promise<number> {
  const { rows } = await client.query<{ yields: number }>(`
    SELECT (extract(epoch FROM current_setting('deadlock_timeout')::interval) * 1000)::int + 250 AS yields
    WHERE EXISTS (SELECT FROM pg_stat_progress_vacuum WHERE datname = current_database())`);
  return Math.max(lockTimeout, rows[0]?.yields ?? 0);
}

/** Names the session whose transaction has been open for longest: most likely it has the lock. */
async function whoHasLocks(client: ClientBase): Promise<string> {
  const { rows } = await client.query<{ session: string }>(`
    SELECT format('the longest open transaction is that of process %s (%s), %s, for %s s', pid,
      coalesce(nullif(application_name, ''), backend_type), state, round(extract(epoch FROM now() - xact_start))) AS session
    FROM pg_stat_activity
    WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
    ORDER BY xact_start LIMIT 1`);
  return rows[0]?.session ?? 'no other transaction is open now';
}
