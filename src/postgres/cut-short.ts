import {
  DatabaseError,
  Pool,
  type PoolClient,
  type PoolConfig,
  type QueryConfig,
  type QueryResult,
  type QueryResultRow,
} from 'pg';
import type { Deadline } from '../resilience/deadline.ts';
import { watchForLocalCommit } from './local-commit.ts';

/** The deadline came before the statement took effect. This is certain: nothing was changed. */
export class CutShort extends Error {
  override readonly name = 'CutShort';

  constructor(cause?: unknown) {
    super('the deadline came before the end of the statement', cause === undefined ? {} : { cause });
  }
}

/** Milliseconds that Postgres has to answer after a request to cancel a statement. */
const grace = 250;

/** SQLSTATE */
const queryCanceled = '57014';

export interface DeadlineQueries {
  /**
   * Runs a statement until the deadline at the latest. If it has no connection by then, it is never sent. If it is
   * running, it is cancelled, and Postgres decides which came first: it took effect as a whole, or not at all.
   *
   * @param timeLimit longest wait for an answer in milliseconds, whatever the deadline
   * @throws {CutShort} when the statement did not take effect
   * @throws {LocalCommit} when it did, on the primary alone
   * @throws {Error} the error of Postgres or the network; `Query read timeout` if Postgres does not answer
   */
  run<Row extends QueryResultRow>(
    query: QueryConfig,
    deadline: Deadline,
    timeLimit: number,
  ): Promise<QueryResult<Row>>;
  close(): Promise<void>;
}

/** @param config the configuration of the pool; cancelling opens one more connection than the pool has */
export function createDeadlineQueries(pool: Pool, config: PoolConfig): DeadlineQueries {
  const cancelling = new Pool({ ...config, max: 1, idleTimeoutMillis: 1000 });
  // Cancelling is best effort: without it the statement ends at its own timeout.
  cancelling.on('error', () => {});

  /** Resolves when Postgres has received the request to cancel, or cannot be reached. */
  async function cancel(client: PoolClient): Promise<void> {
    // The types of pg lack this property.
    if (!('processID' in client)) return;
    await cancelling.query('SELECT pg_cancel_backend($1)', [client.processID]).catch(() => {});
  }

  return {
    async run<Row extends QueryResultRow>(query: QueryConfig, deadline: Deadline, timeLimit: number) {
      const client = await connectBefore(pool, deadline);
      // The statement itself reports a broken connection. Without a listener, the event would end the process.
      const ignore = () => {};
      client.on('error', ignore);
      const commit = watchForLocalCommit(client);
      let cancelled: Promise<void> | undefined;
      const timer = setTimeout(
        () => {
          cancelled = cancel(client);
        },
        Math.max(0, deadline.remaining()),
      );
      const release = (error?: Error) => {
        client.off('error', ignore);
        client.release(error);
      };
      try {
        const readTimeout = Math.min(timeLimit, Math.max(1, deadline.remaining()) + grace);
        const bounded = { ...query, query_timeout: readTimeout };
        const result = await client.query<Row>(bounded);
        commit.check();
        // Released any earlier, the connection could already run the next statement when the cancellation arrives.
        if (cancelled) void cancelled.then(() => release());
        else release();
        return result;
      } catch (error) {
        if (cancelled && error instanceof DatabaseError && error.code === queryCanceled) {
          void cancelled.then(() => release());
          throw new CutShort(error);
        }
        release(error instanceof Error ? error : new Error(String(error)));
        throw error;
      } finally {
        clearTimeout(timer);
        commit.stop();
      }
    },
    close: () => cancelling.end(),
  };
}

/** @throws {CutShort} when no connection is free in time; one that comes later goes straight back to the pool */
function connectBefore(pool: Pool, deadline: Deadline): Promise<PoolClient> {
  const { promise, resolve, reject } = Promise.withResolvers<PoolClient>();
  const remaining = deadline.remaining();
  if (remaining <= 0) return Promise.reject(new CutShort());
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    reject(new CutShort());
  }, remaining);
  pool.connect((error, client) => {
    clearTimeout(timer);
    if (client === undefined) reject(error ?? new Error('there is no connection'));
    else if (late) client.release();
    else resolve(client);
  });
  return promise;
}
