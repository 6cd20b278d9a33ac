import type { TrafficResult } from './traffic.ts';

/** Collects results and summarizes them in one line. */
export interface TrafficSummary {
  add(result: TrafficResult): void;
  /** Summary of the results since the last call; `undefined` if there are none. */
  take(): string | undefined;
}

export function createTrafficSummary(): TrafficSummary {
  let results: TrafficResult[] = [];
  return {
    add: (result) => void results.push(result),
    take() {
      if (results.length === 0) return undefined;
      const taken = results;
      results = [];
      return describe(taken);
    },
  };
}

function describe(results: readonly TrafficResult[]): string {
  const durations = results.map(({ duration }) => duration).toSorted((a, b) => a - b);
  const counts = new Map<string, number>();
  for (const { status, failure } of results) {
    const outcome = status === undefined ? (failure ?? 'no answer') : String(status);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  const outcomes = [...counts]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([outcome, count]) => `${outcome} × ${count}`);
  const percentiles = [0.5, 0.99].map(
    (share) => `p${share * 100} ${Math.round(percentile(durations, share))} ms`,
  );
  return `${results.length} requests: ${outcomes.join(', ')}; ${percentiles.join(', ')}`;
}

function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? 0;
}
