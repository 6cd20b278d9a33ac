import pRetry from 'p-retry';
import { Pool, type QueryConfig, type QueryResultRow } from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { type Backoff, fullJitter } from '../backoff.ts';
import type { Config } from '../config.ts';
import { ServiceError } from '../errors.ts';
import { faultCode, transientReason } from './transient.ts';

/** One prepared statement. Values go in as parameters, never into the text. */
export interface Statement {
  /** Name of the prepared statement: parsed once per connection. */
  name: string;
  /** What it does, in few words, for spans and metrics: operation and table. */
  summary: string;
  text: string;
  /**
   * Whether running it twice leaves what running it once leaves. Only then is it retried after a fault, because
   * a lost connection does not tell whether the statement was committed.
   */
  repeatable: boolean;
}

export interface Database {
  /**
   * Runs one statement in one round trip, on its own.
   *
   * @throws {ServiceError} `database_unavailable` when Postgres cannot be reached or does not answer in time
   */
  run<Row extends QueryResultRow>(statement: Statement, values: readonly unknown[]): Promise<Row[]>;
  /** Connections of the pool, and callers that wait for one. */
  connections(): { total: number; idle: number; waiting: number };
  close(): Promise<void>;
}

/** What the database tells about itself; telemetry listens. */
export interface StatementObservation {
  /** A try failed with a fault that passes; the next one follows after `delay` ms. */
  retrying(event: { attempt: number; delay: number; code: string; reason: string }): void;
  /** With all its retries, well or with an error. */
  ended(error?: unknown): void;
}

export interface DatabaseEvents {
  /** A statement is sent, by whoever asked for it. */
  started(statement: Statement): StatementObservation;
  /** An idle connection broke. The pool has dropped it already. */
  connectionLost(error: Error): void;
}

const backoff: Backoff = { base: 20, floor: 5, cap: 250 };

/**
 * A bounded pool, with retries inside the deadline for faults that pass. It connects when it is first used: a
 * service whose Postgres is away starts, and is not ready.
 */
export function createDatabase(config: Config['postgres'], events: DatabaseEvents): Database {
  const pool = new Pool({
    connectionString: config.url.reveal(),
    max: config.poolMax,
    // Bounds both the wait for a free connection and the making of a new one.
    connectionTimeoutMillis: config.connectTimeout,
    statement_timeout: config.statementTimeout,
    keepAlive: true,
    application_name: 'orders',
  });
  // Without a listener the first broken idle connection would end the process.
  pool.on('error', (error) => events.connectionLost(error));

  async function once<Row extends QueryResultRow>(
    statement: Statement,
    values: readonly unknown[],
    timeLeft: number,
  ) {
    const result = await pool.query<Row>({
      name: statement.name,
      text: statement.text,
      values: [...values],
      // A network that swallows packets answers nothing, not even the statement timeout.
      query_timeout: timeLeft,
    } as QueryConfig);
    return result.rows;
  }

  return {
    async run<Row extends QueryResultRow>(statement: Statement, values: readonly unknown[]) {
      const observation = events.started(statement);
      const startedAt = performance.now();
      const timeLeft = () => Math.ceil(config.deadline - (performance.now() - startedAt));
      try {
        const rows = await pRetry(() => once<Row>(statement, values, Math.max(1, timeLeft())), {
          retries: Number.POSITIVE_INFINITY,
          // The wait is drawn and awaited in `shouldRetry`: p-retry's own randomization is not full jitter.
          minTimeout: 0,
          async shouldRetry({ error, attemptNumber: attempt }) {
            const reason = transientReason(error);
            const wait = fullJitter(attempt, backoff);
            if (reason === undefined || !statement.repeatable || wait >= timeLeft()) return false;
            observation.retrying({ attempt, delay: wait, code: faultCode(error), reason });
            await delay(wait);
            return true;
          },
        });
        observation.ended();
        return rows;
      } catch (error) {
        observation.ended(error);
        if (transientReason(error) === undefined) throw error;
        throw new ServiceError('database_unavailable', 'The database cannot be reached.', {
          retryAfter: 1,
          cause: error,
        });
      }
    },

    connections: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),

    close: () => pool.end(),
  };
}
