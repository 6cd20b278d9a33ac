import os from 'node:os';

/** The machine that a report's figures come from. */
export interface Machine {
  processor: string;
  cores: number;
  platform: string;
  node: string;
  /** Load average over one minute, before the first process was started. */
  loadBefore: number;
}

/** Call it before anything is started: the load average should be that of the idle machine. */
export function describeMachine(): Machine {
  return {
    processor: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    platform: `${os.platform()} ${os.arch()}`,
    node: process.version,
    loadBefore: os.loadavg()[0] ?? 0,
  };
}
