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

/** A statement did not take place, because its deadline came first. For certain: the error says so much. */
export class CutShort extends Error {
  override readonly name = 'CutShort';

  constructor(cause?: unknown) {
    super('the deadline came before the end of the statement', cause === undefined ? {} : { cause });
  }
}

/** Milliseconds that Postgres may take to say what has become of a statement that it is asked to cancel. */
const grace = 250;

/** SQLSTATE */
const queryCanceled = '57014';

export interface DeadlineQueries {
  /**
   * Runs a statement that is not to go on beyond the deadline. One that has no connection by then is never sent. One
   * that is running is cancelled, and what it comes to is Postgres' word: done all the same, or not at all.
   *
   * @param timeLimit milliseconds after which no answer is waited for, whatever the deadline
   * @throws {CutShort} when the statement did not take place
   * @throws {Error} what Postgres or the network fail with; `Query read timeout` where the word does not come
   */
  run<Row extends QueryResultRow>(
    query: QueryConfig,
    deadline: Deadline,
    timeLimit: number,
  ): Promise<QueryResult<Row>>;
  close(): Promise<void>;
}

/** @param config that of the pool; there is one more connection while something is being cancelled */
export function createDeadlineQueries(pool: Pool, config: PoolConfig): DeadlineQueries {
  const cancelling = new Pool({ ...config, max: 1, idleTimeoutMillis: 1000 });
  // It is only used for what can be done without.
  cancelling.on('error', () => {});

  /** Resolves when Postgres was told, or cannot be. */
  async function cancel(client: PoolClient): Promise<void> {
    // The types do not know it.
    if (!('processID' in client)) return;
    await cancelling.query('SELECT pg_cancel_backend($1)', [client.processID]).catch(() => {});
  }

  return {
    async run<Row extends QueryResultRow>(query: QueryConfig, deadline: Deadline, timeLimit: number) {
      const client = await connectBefore(pool, deadline);
      // A connection that breaks tells it to the statement, too. Without a listener it would end the process.
      const ignore = () => {};
      client.on('error', ignore);
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
        // Until the request to cancel has arrived, the next statement could be the one that it meets.
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
      }
    },
    close: () => cancelling.end(),
  };
}

/** @throws {CutShort} when none is free in time; the one that comes later goes straight back */
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
