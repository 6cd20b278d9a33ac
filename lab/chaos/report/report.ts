import { describeMachine, type Machine } from '../../report/machine.ts';
import type { ExperimentResult } from '../experiment-run.ts';

export interface Report {
  /** Start of the run, ISO 8601. */
  date: string;
  machine: Machine;
  seed: number;
  /** Orders a second, unless an experiment sets its own. */
  rate: number;
  /** Seconds of each fault, if set on the command line. */
  duration?: number;
  /** Length of the whole run. */
  seconds: number;
  /** The implementation of network faults. */
  network: string;
  alerts: { scale: number } | { unchecked: string };
  results: ExperimentResult[];
}

/** Called before anything is started, so that the load average is the machine's own. */
export function describeRun({ seed, rate, duration }: { seed: number; rate: number; duration?: number }) {
  return {
    date: new Date().toISOString(),
    machine: describeMachine(),
    seed,
    rate,
    ...(duration !== undefined && { duration }),
  };
}
