import { Client, type ClientConfig, type QueryConfig } from 'pg';
import { startTimeLimit } from '../resilience/time-limit.ts';

type Query = string | (QueryConfig & { query_timeout?: number });
type Done = (error: Error | undefined, result?: unknown) => void;

/**
 * pg's client, except for two things.
 *
 * Its `query_timeout` is a plain timer, which gives up a statement although its result arrived while the process was
 * suspended or busy. The error is the same as pg's. Whoever gets it must close the connection, as a pool does, because the
 * result may still come.
 *
 * The promise of its `query` makes V8 keep each statement, its values and its rows until the next full collection: with pg 8.23.1
 * and Node 26, a quarter of what a statement allocates was promoted to the old generation, with a callback a thirtieth.
 */
export class TimeLimitedClient extends Client {
  constructor(config?: string | ClientConfig) {
    super(config);
    const send = this.query.bind(this) as (query: Query, ...rest: unknown[]) => unknown;
    // Not an override, because pg declares a dozen forms of the method.
    Object.assign(this, {
      query(query: Query, ...rest: unknown[]): unknown {
        // A cursor or a stream, which answers by itself.
        if (typeof query === 'object' && 'submit' in query) return send(query, ...rest);
        const { query_timeout: timeLimit = Infinity, ...unlimited } =
          typeof query === 'string' ? { text: query } : query;
        const done = rest.at(-1);
        if (typeof done === 'function')
          return send(unlimited, ...rest.slice(0, -1), firstWithin(timeLimit, done as Done));
        const { promise, resolve, reject } = Promise.withResolvers<unknown>();
        const settle: Done = (error, result) => (error ? reject(error) : resolve(result));
        send(unlimited, ...rest, firstWithin(timeLimit, settle));
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
