import { describeMachine } from '../../bench/shared/report.ts';
import type { ExperimentResult } from '../experiment-run.ts';

export interface Report {
  /** ISO 8601, of the start. */
  date: string;
  machine: ReturnType<typeof describeMachine>;
  seed: number;
  /** Orders a second, where an experiment does not say. */
  rate: number;
  /** Seconds of each fault, where that was said for all. */
  duration?: number;
  /** Of the whole run. */
  seconds: number;
  /** What the network between the parts was made of. */
  network: string;
  alerts: { scale: number } | { unchecked: string };
  results: ExperimentResult[];
}

/** Taken before anything is started. */
export function describeRun({ seed, rate, duration }: { seed: number; rate: number; duration?: number }) {
  return {
    date: new Date().toISOString(),
    machine: describeMachine(),
    seed,
    rate,
    ...(duration !== undefined && { duration }),
  };
}
