import { Pool, type PoolConfig, type QueryResultRow } from 'pg';
import type { Backoff } from '../resilience/backoff.ts';
import type { Config } from '../config/config.ts';
import { type DatabaseHost, readDatabaseUrl } from '../config/database-url.ts';
import { type Deadline, deadlineIn, noDeadline } from '../resilience/deadline.ts';
import { type Attempt, retryWithFullJitter } from '../resilience/retry-with-full-jitter.ts';
import { ServiceError } from '../errors.ts';
import { connectionConfig } from './client.ts';
import { createDeadlineQueries, CutShort } from './cut-short.ts';
import { type ConditionEvents, type ConditionLog, createConditionLog } from './condition-log.ts';
import { decide, faultCode, isOfOneRow, isRolledBack } from './faults.ts';
import { createSessions, type Sessions } from './sessions.ts';

/** One prepared statement. Values go in as parameters, never into the text. */
export interface Statement {
  /** Name of the prepared statement, which each connection parses once. */
  name: string;
  /** Operation and table, for spans and metrics. */
  summary: string;
  text: string;
  /**
   * Whether the statement is idempotent. Only then is it retried after a fault: a lost connection leaves open whether
   * the statement was committed.
   */
  repeatable: boolean;
  /**
   * Whether it holds the rows of several callers. What one of the rows may have caused is then thrown as a
   * {@link RowFault}, at once: the rows are run alone, and none waits for another.
   */
  shared?: true;
}

/** A shared statement failed, and a single one of its rows may be the cause. */
export class RowFault extends Error {
  override readonly name = 'RowFault';
  readonly attempts: Attempts;

  constructor(cause: unknown, attempts: Attempts) {
    super('a row of the statement is at fault', { cause });
    this.attempts = attempts;
  }
}

export interface Database {
  /**
   * Runs one statement on its own, in one round trip, and no longer than until the caller's deadline.
   *
   * @param deadline default: only the database's own
   * @throws {ServiceError} `deadline_exceeded` when the caller's deadline came first: the statement did not take effect;
   *   `database_unavailable` in a condition that does not serve statements: it may have taken effect
   */
  run<Row extends QueryResultRow>(
    statement: Statement,
    values: readonly unknown[],
    deadline?: Deadline,
  ): Promise<Row[]>;
  /** Starts to observe a row that runs in a shared statement. Called in the async context of its caller. */
  observe(statement: Statement): StatementObservation;
  /**
   * Runs a statement as `run` does, unobserved: whoever observes its rows is told of its retries.
   *
   * @throws {RowFault} when the statement is shared
   */
  execute<Row extends QueryResultRow>(
    statement: Statement,
    values: readonly unknown[],
    options: ExecuteOptions,
    onRetry: StatementObservation['retrying'],
  ): Promise<Row[]>;
  /** Starts the database's own deadline, for statements that share it. */
  startDeadline(): Deadline;
  /** Connections of the pool, and callers waiting for one. */
  connections(): { total: number; idle: number; waiting: number };
  /** Statements completed so far, successfully or not. */
  completed(): number;
  /** Why statements fail, if they do. */
  conditions: Pick<ConditionLog, 'met' | 'succeeded' | 'succeededWithin' | 'open'>;
  close(): Promise<void>;
}

export interface ExecuteOptions {
  /** When the caller stops waiting. */
  deadline: Deadline;
  /** The database's own deadline. Default: it begins with the statement. */
  own?: Deadline | undefined;
  /** Attempts to write the row in a shared statement. Default: none. */
  attempts?: Attempts | undefined;
}

export interface RetryEvent {
  attempt: number;
  delay: number;
  error: unknown;
  reason: string;
  /** The same retry is reported for another row of the statement already: it is to be logged and counted once. */
  repeated?: boolean;
}

/** Probe of one statement; telemetry implements it. */
export interface StatementObservation {
  /** An attempt failed with a transient fault; the next one follows after `delay` ms. */
  retrying(event: RetryEvent): void;
  /** The statement is sent, with so many rows. Called for rows of a {@link Statement.shared} statement. */
  sent(rows: number): void;
  /** The statement ended, retries included; `error` is absent on success. */
  ended(error?: unknown): void;
}

export interface DatabaseEvents extends ConditionEvents {
  /** A statement starts. Called in the async context of its caller. */
  started(statement: Statement, options?: { inSharedStatement: boolean }): StatementObservation;
  /** Connections go to this one of the servers in DATABASE_URL from now on. Not called if there is only one. */
  serverFound(server: DatabaseHost): void;
  /** An idle connection broke, and the pool has dropped it. */
  connectionLost(error: Error): void;
}

/** What the attempts at a statement have met. */
export interface Attempts {
  /** Whether one of them may have taken effect, which makes the whole statement doubtful, whatever later ones meet. */
  inDoubt: boolean;
  /** The error of the last one that Postgres or the network answered. The very last often has no time left, and says less. */
  answered: unknown;
}

interface TransientFault {
  error: unknown;
  reason: string;
}

/** Of the time that is left: its rows may have to run alone in the rest. */
const shareOfSharedStatement = 0.75;

const noAttempts: Attempts = { inDoubt: false, answered: undefined };

const backoff: Backoff = { base: 20, floor: 5, cap: 250 };

/**
 * How the service connects to Postgres.
 *
 * @param onServer called when connections go to another of the servers in DATABASE_URL than before
 */
export function poolConfig(
  config: Config['postgres'],
  sessions: Pick<Sessions, 'begin'>,
  onServer?: (server: DatabaseHost) => void,
): PoolConfig & { max: number; connectionTimeoutMillis: number } {
  return {
    ...connectionConfig(readDatabaseUrl(config.url.reveal()), {
      timeout: config.connectTimeout,
      ...(onServer && { onServer }),
    }),
    max: config.poolMax,
    connectionTimeoutMillis: config.connectTimeout,
    // Settings are not sent as start parameters, because PgBouncer refuses a connection with most of them.
    // oxlint-disable-next-line typescript/no-misused-promises -- pg-pool waits for it, which its types do not say
    onConnect: sessions.begin,
  };
}

/**
 * A bounded pool that retries transient faults until the deadline. It connects on first use, so the service starts even
 * while Postgres is down, and reports that it is not ready.
 */
export function createDatabase(config: Config['postgres'], events: DatabaseEvents): Database {
  const sessions = createSessions(config);
  const options = poolConfig(config, sessions, events.serverFound);
  // Its timers would run before the sockets are read: the checkout and each connection have limits of their own.
  const pool = new Pool({ ...options, connectionTimeoutMillis: 0 });
  // Without a listener, the first idle connection that breaks would end the process.
  pool.on('error', (error) => events.connectionLost(error));
  const queries = createDeadlineQueries(pool, options, {
    sessions,
    statementTimeout: config.statementTimeout,
    severalServers: readDatabaseUrl(config.url.reveal()).hosts.length > 1,
  });
  const conditions = createConditionLog(events);
  let completed = 0;

  const startDeadline = () => deadlineIn(config.deadline);

  async function once<Row extends QueryResultRow>(
    { name, text }: Statement,
    values: readonly unknown[],
    timeLeft: number,
    deadline: Deadline,
  ) {
    try {
      // `timeLeft` counts even without a deadline: Postgres' statement timeout does not help when the network drops packets.
      const { rows } = await queries.run<Row>({ name, text, values: [...values] }, deadline, timeLeft);
      return rows;
    } finally {
      completed += 1;
    }
  }

  async function execute<Row extends QueryResultRow>(
    statement: Statement,
    values: readonly unknown[],
    { deadline, own = startDeadline(), attempts: { inDoubt, answered } = noAttempts }: ExecuteOptions,
    onRetry: StatementObservation['retrying'],
  ): Promise<Row[]> {
    const earlierDeadline = { remaining: () => Math.min(own.remaining(), deadline.remaining()) };
    const share = statement.shared ? shareOfSharedStatement : 1;

    async function attempt(): Promise<Attempt<Row[], TransientFault>> {
      try {
        const timeLeft = Math.max(1, Math.ceil(share * own.remaining()));
        return { kind: 'done', value: await once<Row>(statement, values, timeLeft, deadline) };
      } catch (error) {
        inDoubt ||= !isRolledBack(error);
        if (statement.shared && isOfOneRow(error)) throw new RowFault(error, { inDoubt, answered });
        const decision = decide(error);
        if (decision.kind !== 'retry' || !statement.repeatable) throw error;
        if (decision.condition !== 'no_answer') answered = error;
        return { kind: 'again', failure: { error, reason: decision.reason } };
      }
    }

    async function withRetries(): Promise<Row[]> {
      const result = await retryWithFullJitter(attempt, {
        backoff,
        deadline: earlierDeadline,
        onRetry: ({ attempt: number, delay, failure: { error, reason } }) =>
          onRetry({ attempt: number, delay, error, reason }),
      });
      if (result.kind === 'done') return result.value;
      const { error } = result.failure;
      const callerRanOut = result.because === 'deadline' && deadline.remaining() < own.remaining();
      if (callerRanOut && statement.shared) throw new RowFault(error, { inDoubt, answered });
      throw callerRanOut && !inDoubt ? new CutShort(error) : error;
    }

    try {
      const rows = await withRetries();
      conditions.succeeded(statement.summary);
      return rows;
    } catch (error) {
      throw error instanceof RowFault ? error : errorForCaller(error, statement, { inDoubt, answered });
    }
  }

  /** Passes a defect on unchanged. */
  function errorForCaller(error: unknown, statement: Statement, { inDoubt, answered }: Attempts): unknown {
    const isCutShort = error instanceof CutShort;
    if (isCutShort && !inDoubt) return new ServiceError('deadline_exceeded', outOfTime, { cause: error });
    const decision = decide(error);
    if (
      answered !== undefined &&
      (isCutShort || (decision.kind !== 'defect' && decision.condition === 'no_answer'))
    ) {
      return errorForCaller(answered, statement, { inDoubt, answered: undefined });
    }
    if (isCutShort) return unavailable(error, 1);
    if (decision.kind === 'defect') return error;
    conditions.met({ decision, code: faultCode(error), statement: statement.summary, error });
    return unavailable(error, decision.kind === 'retry' ? 1 : untilMended);
  }

  return {
    async run<Row extends QueryResultRow>(
      statement: Statement,
      values: readonly unknown[],
      deadline = noDeadline,
    ) {
      const observation = events.started(statement);
      return observed(observation, () => execute<Row>(statement, values, { deadline }, observation.retrying));
    },
    observe: (statement) => events.started(statement, { inSharedStatement: true }),
    execute,
    startDeadline,
    connections: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: queries.waiting() }),
    completed: () => completed,
    conditions,

    async close() {
      await Promise.all([pool.end(), queries.close()]);
    },
  };
}

/** Ends the observation with the work. It gets the fault itself rather than the error that the caller gets. */
export async function observed<T>(observation: StatementObservation, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    observation.ended();
    return result;
  } catch (error) {
    observation.ended(error instanceof ServiceError ? error.cause : error);
    throw error;
  }
}

/** Seconds after which a client may ask again, when only an operator can end the condition. */
const untilMended = 5;

function unavailable(cause: unknown, retryAfter: number): ServiceError {
  return new ServiceError('database_unavailable', 'The database does not serve requests at the moment.', {
    retryAfter,
    cause,
  });
}

const outOfTime = 'Nothing was changed: the deadline came before the database was done.';
