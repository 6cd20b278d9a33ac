import type { Exemplar, Overview } from '../api-types.ts';
import { ApiError, call, query, repeat } from './api.ts';
import { type Columns, createTimeline } from './timeline.ts';

/** Milliseconds that exemplars are shown. */
const shownTime = 15 * 60_000;
const interval = 1000;
/** Milliseconds that the page waits for its first values. */
const patience = 200;

/** The live state that all views share, fetched once per second. */
export interface Live {
  /** Milliseconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly columns: Columns;
  readonly exemplars: readonly Exemplar[];
  readonly latest: Overview | undefined;
  /** Why the last request failed; empty after a success. */
  readonly failure: string;
  /** Resolves with the first values, or without them if they take long. */
  readonly begun: Promise<void>;
  /** @param signal ends the subscription */
  subscribe(listener: () => void, signal: AbortSignal): void;
  refresh(): Promise<void>;
}

export function createLive(): Live {
  const timeline = createTimeline();
  let exemplars: Exemplar[] = [];
  let latest: Overview | undefined;
  let failure = '';
  const listeners = new Set<() => void>();

  function take(overview: Overview): void {
    timeline.follow(overview.now);
    timeline.add(overview.times, overview.columns);
    const shown = exemplars.filter(({ time }) => time > overview.now - shownTime);
    // Two concurrent requests return the same exemplars.
    const known = new Set(shown.map(({ traceId }) => traceId));
    exemplars = [...shown, ...overview.exemplars.filter(({ traceId }) => !known.has(traceId))];
    latest = overview;
  }

  async function refresh(): Promise<void> {
    try {
      take(await call<Overview>('GET', `/api/overview${query({ after: timeline.times.at(-1) ?? 0 })}`));
      failure = '';
    } catch (error) {
      failure = describe(error);
    }
    for (const listener of listeners) listener();
  }

  const begun = Promise.withResolvers<void>();
  setTimeout(begun.resolve, patience);
  repeat(() => refresh().then(begun.resolve), interval, new AbortController().signal);
  return {
    begun: begun.promise,
    get times() {
      return timeline.times;
    },
    get columns() {
      return timeline.columns;
    },
    get exemplars() {
      return exemplars;
    },
    get latest() {
      return latest;
    },
    get failure() {
      return failure;
    },
    subscribe(listener, signal) {
      listeners.add(listener);
      signal.addEventListener('abort', () => listeners.delete(listener));
      listener();
    },
    refresh,
  };
}

function describe(error: unknown): string {
  if (error instanceof ApiError && error.status === 401)
    return 'The console was restarted. Open it at the address that it printed.';
  return error instanceof Error ? error.message : 'The console does not answer.';
}
