import { readDatabaseUrl } from '../config/database-url.ts';
import type { Backoff } from '../resilience/backoff.ts';
import { deadlineIn } from '../resilience/deadline.ts';
import { retryWithFullJitter } from '../resilience/retry-with-full-jitter.ts';
import { createClient } from './client.ts';
import { endOnAbort } from './end-on-abort.ts';
import { decide } from './faults.ts';
import { unreachable } from './unreachable.ts';

export interface AwaitOptions {
  /** For how long to try again, in milliseconds. */
  deadline: number;
  /** Called with one line for a person, once it is clear that there is something to wait for. */
  say: (line: string) => void;
  /** Ends the wait. Default: nothing does. */
  signal?: AbortSignal | undefined;
}

/** Milliseconds. Tries may follow each other closely, because one program makes them, and others start only after it. */
const backoff: Backoff = { base: 100, floor: 100, cap: 300 };
/** Milliseconds to connect. */
const timeout = 5000;

/**
 * Waits until Postgres takes a connection, for programs that may start before it does. Only what ends by itself is waited
 * for, such as a server that starts or a name that does not resolve yet; a wrong password is not.
 *
 * @throws {Error} the error of the last try
 * @throws {unknown} the reason of the signal
 */
export async function awaitPostgres(
  databaseUrl: string,
  { deadline, say, signal }: AwaitOptions,
): Promise<void> {
  const url = readDatabaseUrl(databaseUrl);
  const result = await retryWithFullJitter(
    async () => {
      const client = createClient(url, { timeout });
      using watching = new DisposableStack();
      watching.use(endOnAbort(client, signal));
      try {
        await client.connect();
        await client.end();
        return { kind: 'done' as const, value: undefined };
      } catch (error) {
        signal?.throwIfAborted();
        if (decide(error).kind !== 'retry') throw error;
        return { kind: 'again' as const, failure: error };
      }
    },
    {
      backoff,
      deadline: deadlineIn(deadline),
      onRetry({ attempt, failure }) {
        if (attempt === 1)
          say(`Waiting up to ${deadline / 1000} s for Postgres. ${reason(databaseUrl, failure)}`);
      },
    },
  );
  if (result.kind === 'gave_up') throw result.failure;
}

function reason(databaseUrl: string, error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  return unreachable(databaseUrl, error) ?? `It says: ${said}.`;
}
