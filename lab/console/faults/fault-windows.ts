import type { FaultWindow } from '../api-types.ts';
import { shownTime } from '../second-by-second.ts';

/** @param label the current faults, in words; `undefined` if there are none */
export type NoteFaults = (label: string | undefined, time?: number) => void;

/** The times in which faults were set, to shade the plots. Windows of all sources share one list and do not overlap. */
export interface FaultWindows {
  /** A source of faults of one kind. */
  source(): NoteFaults;
  all(): FaultWindow[];
}

export function createFaultWindows(): FaultWindows {
  let windows: FaultWindow[] = [];
  const labels: Array<string | undefined> = [];

  function note(label: string | undefined, time: number): void {
    windows = windows.filter(({ to = time }) => to > time - shownTime);
    const last = windows.at(-1);
    const open = last !== undefined && last.to === undefined ? last : undefined;
    if (open?.label === label) return;
    if (open !== undefined) open.to = time;
    if (label !== undefined) windows.push({ from: time, label });
  }

  return {
    source() {
      const place = labels.push(undefined) - 1;
      return (label, time = Date.now()) => {
        labels[place] = label;
        note(labels.filter((each) => each !== undefined).join(' and ') || undefined, time);
      };
    },
    all: () => windows,
  };
}
