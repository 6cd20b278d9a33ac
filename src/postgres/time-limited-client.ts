import { Client, type ClientConfig, type QueryConfig } from 'pg';
import { startTimeLimit } from '../resilience/time-limit.ts';

type Query = string | (QueryConfig & { query_timeout?: number });
type Done = (error: Error | undefined, result?: unknown) => void;

/**
 * pg's client, except for its `query_timeout`: that is a plain timer, which gives up a statement although its result
 * arrived while the process was suspended or busy. The error is the same as pg's. Whoever gets it must close the connection,
 * as a pool does, because the result may still come.
 */
export class TimeLimitedClient extends Client {
  constructor(config?: string | ClientConfig) {
    super(config);
    const send = this.query.bind(this) as (query: Query, ...rest: unknown[]) => unknown;
    // Not an override, because pg declares a dozen forms of the method.
    Object.assign(this, {
      query(query: Query, ...rest: unknown[]): unknown {
        if (typeof query === 'string' || query.query_timeout === undefined) return send(query, ...rest);
        const { query_timeout: timeLimit, ...unlimited } = query;
        const done = rest.at(-1);
        if (typeof done === 'function') {
          const once = firstWithin(timeLimit, done as Done);
          return send(unlimited, ...rest.slice(0, -1), once);
        }
        const { promise, resolve, reject } = Promise.withResolvers<unknown>();
        send(
          unlimited,
          firstWithin(timeLimit, (error, result) => (error ? reject(error) : resolve(result))),
        );
        return withStackOfCaller(promise);
      },
    });
  }
}

/** As pg does: the stack of an error from the socket names nobody who sent the statement. */
async function withStackOfCaller(result: Promise<unknown>): Promise<unknown> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof Error) Error.captureStackTrace(error);
    throw error;
  }
}

/** Passes on what comes first: the result, or an error at the time limit. */
function firstWithin(timeLimit: number, done: Done): Done {
  let pending = true;
  const settle: Done = (error, result) => {
    if (!pending) return;
    pending = false;
    limit.clear();
    done(error, result);
  };
  const limit = startTimeLimit({ elapsed: timeLimit }, () => settle(new Error('Query read timeout')));
  return settle;
}
