import {
  DatabaseError,
  Pool,
  type PoolClient,
  type PoolConfig,
  Query,
  type QueryConfig,
  type QueryResult,
  type QueryResultRow,
} from 'pg';
import { outsideRequests } from '../async-context.ts';
import type { Deadline } from '../resilience/deadline.ts';
import { startTimeLimit } from '../resilience/time-limit.ts';
import { requestCancel } from './cancel-request.ts';
import { createCheckout } from './checkout.ts';
import { watchForLocalCommit } from './local-commit.ts';
import type { Sessions } from './sessions.ts';

/** The deadline came before the statement took effect. This is certain: nothing was changed. */
export class CutShort extends Error {
  override readonly name = 'CutShort';

  constructor(cause?: unknown) {
    super('the deadline came before the end of the statement', cause === undefined ? {} : { cause });
  }
}

/** Milliseconds in which this process runs that Postgres has to answer after a request to cancel a statement. */
const grace = 250;

/** Milliseconds after which the connection that cancels statements is given up, because all of them need it. */
const cancelTimeout = 1000;

/** SQLSTATE */
const queryCanceled = '57014';

export interface DeadlineQueries {
  /**
   * Runs a statement until the deadline at the latest. If it has no connection by then, it is never sent. If it is
   * running, it is cancelled, and Postgres decides which came first: it took effect as a whole, or not at all. The time limit
   * ends it in the same way, and so does a statement timeout that the session cannot have.
   *
   * @param query its name is that of a prepared statement, where one lasts
   * @param timeLimit longest wait for an answer in milliseconds, whatever the deadline; with the answer to a cancellation,
   *   it can take a quarter of a second longer
   * @throws {CutShort} when the statement did not take effect
   * @throws {LocalCommit} when it did, on the primary alone
   * @throws {Error} the error of Postgres or the network; `Query read timeout` if Postgres does not answer
   */
  run<Row extends QueryResultRow>(
    query: QueryConfig,
    deadline: Deadline,
    timeLimit: number,
  ): Promise<QueryResult<Row>>;
  /** Statements that wait for a connection. */
  waiting(): number;
  close(): Promise<void>;
}

/** @param config the configuration of the pool; cancelling opens one more connection than the pool has */
export function createDeadlineQueries(
  pool: Pool,
  config: PoolConfig & { max: number; connectionTimeoutMillis: number },
  {
    sessions,
    statementTimeout,
    severalServers,
  }: { sessions: Sessions; statementTimeout: number; severalServers: boolean },
): DeadlineQueries {
  const cancelling = new Pool({ ...config, onConnect: undefined, max: 1, idleTimeoutMillis: 1000 });
  const checkout = createCheckout(pool, { max: config.max, timeout: config.connectionTimeoutMillis });
  // Cancelling is best effort: without it the statement ends at its own timeout.
  cancelling.on('error', () => {});

  /** @returns when the request has arrived or cannot; an error if it may still be on its way to a later statement */
  async function requestEnd(client: PoolClient): Promise<Error | undefined> {
    // With several servers, the pool may already lead to another one than the client.
    if (severalServers || !sessions.isDirect(client)) return requestCancel(client);
    // Many requests share this connection, while each to a pooler opens one. The types of pg lack the property.
    if (!('processID' in client)) return undefined;
    const query = {
      text: 'SELECT pg_cancel_backend($1)',
      values: [client.processID],
      query_timeout: cancelTimeout,
    };
    try {
      await cancelling.query(query);
      return undefined;
    } catch (error) {
      return error instanceof DatabaseError ? undefined : asError(error);
    }
  }

  return {
    async run<Row extends QueryResultRow>(
      { name, text, values }: QueryConfig,
      deadline: Deadline,
      timeLimit: number,
    ) {
      const timeLeft = deadline.remaining();
      if (timeLeft <= 0) throw new CutShort();
      const { client, release } = await checkout.connect(timeLeft, () => new CutShort());
      const checkCommit = watchForLocalCommit(client);
      const lasts = sessions.lasts(client);
      const remaining = deadline.remaining();
      // A session that lasts has the timeout of Postgres itself. Without one that comes in time, only a request ends the
      // statement, which must not stay behind a lock when nobody waits for it any more.
      const endsItself = lasts && statementTimeout > 0 && statementTimeout < timeLimit;
      const timeout = endsItself ? Infinity : Math.min(statementTimeout || Infinity, timeLimit);
      const cancelIn = Math.max(0, Math.min(remaining, timeout));
      const { promise: answer, resolve, reject } = Promise.withResolvers<QueryResult<Row>>();
      const giveUp = () => reject(new Error('Query read timeout'));
      let answerLimit = startTimeLimit({ elapsed: endsItself ? timeLimit : Infinity }, giveUp);
      let cancelled: ReturnType<typeof requestEnd> | undefined;
      const limit = startTimeLimit({ elapsed: cancelIn }, () => {
        cancelled = outsideRequests(() => requestEnd(client));
        answerLimit.clear();
        // Counted from the request: after a pause of this process, it goes out later than planned.
        answerLimit = startTimeLimit({ running: grace }, giveUp);
      });
      const releaseWhole = () => {
        // Released any earlier, the connection could already run the next statement when the cancellation arrives.
        if (cancelled) void cancelled.then(release);
        else release();
      };

      try {
        // Of a plain object, pg would copy every property with its descriptor.
        const sent = new Query<Row>(text, values, (error, found) => (error ? reject(error) : resolve(found)));
        client.query(Object.assign(sent, { name: lasts ? name : undefined }));
        const result = await answer;
        checkCommit();
        releaseWhole();
        return result;
      } catch (error) {
        // The stack of an error from the socket names nobody who sent the statement.
        if (error instanceof Error) Error.captureStackTrace(error);
        if (leavesWhole(error)) releaseWhole();
        else release(asError(error));
        const wasCancelled = cancelled && error instanceof DatabaseError && error.code === queryCanceled;
        throw wasCancelled && remaining <= timeout ? new CutShort(error) : error;
      } finally {
        limit.clear();
        answerLimit.clear();
      }
    },
    waiting: checkout.waiting,
    close: () => cancelling.end(),
  };
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));

/**
 * Whether the connection is as good as before the error. Whoever throws away a connection at every error opens a new one
 * for every row that Postgres refuses.
 */
function leavesWhole(error: unknown): boolean {
  return error instanceof DatabaseError && error.severity === 'ERROR' && ofTheRow.test(error.code ?? '');
}

/**
 * SQLSTATEs that are about values, conflicts with other transactions, locks and time. Any other error may be one of the
 * connection: of its server, which only reads, or of a prepared statement that no longer fits the table.
 */
const ofTheRow = /^(?:22...|23...|40...|55P03|57014)$/;
