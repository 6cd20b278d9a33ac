import { createBookings } from './load.ts';
import { BenchFailure } from './shared/failure.ts';
import { quantile } from './shared/statistics.ts';
import type { Subject } from './subjects.ts';

export interface Round {
  requestsPerSecond: number;
  /** Processor time of the service alone, in microseconds. */
  cpuPerRequest: number;
  /** Milliseconds, like `p99`. */
  p50: number;
  p99: number;
  /** Share of the answers that asked for a repeat. */
  shed: number;
}

/** @throws {BenchFailure} if a booking is not answered, stored and confirmed once */
export async function measureRound(
  { name, process, database }: Subject,
  setting: { seconds: number; connections: number; signal: AbortSignal },
): Promise<Round> {
  const before = await database.count();
  // The planner of an empty table would choose sequential scans, and keep those plans.
  if (before.total > 0) await database.tidy();
  const cpuBefore = await process.cpuTime();
  const { requests, seconds, latencies, shed } = await createBookings(process.url, setting);
  const cpu = (await process.cpuTime()) - cpuBefore;
  const after = await database.count();
  const stored = after.total - before.total;
  const confirmed = after.confirmed - before.confirmed;
  // One that skips work would be fast for a bad reason.
  if (stored !== requests || confirmed !== requests)
    throw new BenchFailure(
      `${name} answered ${requests}, but has stored ${stored} and confirmed ${confirmed}.`,
    );
  return {
    requestsPerSecond: requests / seconds,
    cpuPerRequest: cpu / requests,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    shed: shed / (requests + shed),
  };
}
