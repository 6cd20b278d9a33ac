import { startTimeLimit } from '../resilience/time-limit.ts';

/** How a command ended. */
export type Outcome<T> =
  | { kind: 'answered'; value: T }
  /** Redis answered with an error; its message begins with a code, such as `OOM`. */
  | { kind: 'refused'; error: Error }
  | { kind: 'unanswered'; reason: 'timeout' }
  | { kind: 'unanswered'; reason: 'connection_lost'; error: unknown };

/**
 * Resolves with the outcome of a command within `timeLimit` ms; a later answer is dropped. Never rejects.
 *
 * Replaces ioredis's own timeout for two reasons. That one also cuts off connecting, which takes several round trips.
 * And it is a plain timer, which declares an answer missing that arrived while the event loop was blocked.
 */
export function answerWithin<T>(timeLimit: number, command: Promise<T>): Promise<Outcome<T>> {
  const { promise, resolve } = Promise.withResolvers<Outcome<T>>();
  const limit = startTimeLimit({ elapsed: timeLimit }, () =>
    resolve({ kind: 'unanswered', reason: 'timeout' }),
  );
  const settle = (outcome: Outcome<T>) => {
    limit.clear();
    resolve(outcome);
  };
  command.then(
    (value) => settle({ kind: 'answered', value }),
    (error: unknown) =>
      settle(
        isErrorReply(error)
          ? { kind: 'refused', error }
          : { kind: 'unanswered', reason: 'connection_lost', error },
      ),
  );
  return promise;
}

/** Whether Redis itself answered with the error. */
export function isErrorReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}
