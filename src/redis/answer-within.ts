/** How a command ended. */
export type Outcome<T> =
  | { kind: 'answered'; value: T }
  /** Redis answered with an error; its message begins with a code, such as `OOM`. */
  | { kind: 'refused'; error: Error }
  | { kind: 'unanswered'; reason: 'timeout' }
  | { kind: 'unanswered'; reason: 'connection_lost'; error: unknown };

/**
 * The outcome of a command, after `timeLimit` ms at the latest. What comes later is dropped. Never throws.
 *
 * In the place of ioredis's own timeout, for two reasons. That one also cuts off the making of a connection, which takes
 * several round trips. And where this process was busy for longer than the limit, its timers fire before it reads what
 * has long arrived: here the answers that are waiting are read first.
 */
export function answerWithin<T>(timeLimit: number, command: Promise<T>): Promise<Outcome<T>> {
  const { promise, resolve } = Promise.withResolvers<Outcome<T>>();
  const limit = setTimeout(() => {
    // Runs right after the sockets were read.
    setImmediate(resolve, { kind: 'unanswered', reason: 'timeout' });
  }, timeLimit);
  const settle = (outcome: Outcome<T>) => {
    clearTimeout(limit);
    resolve(outcome);
  };
  command.then(
    (value) => settle({ kind: 'answered', value }),
    (error: unknown) =>
      settle(
        error instanceof Error && error.name === 'ReplyError'
          ? { kind: 'refused', error }
          : { kind: 'unanswered', reason: 'connection_lost', error },
      ),
  );
  return promise;
}
