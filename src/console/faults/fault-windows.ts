import type { FaultWindow } from '../page-api.ts';
import { shownTime } from '../second-by-second.ts';

/** When a source of faults had which set, for the plots to be shaded. */
export interface FaultWindows {
  /** @param label what is set, in words; `undefined` where nothing is */
  note(label: string | undefined, time?: number): void;
  all(): FaultWindow[];
}

export function createFaultWindows(): FaultWindows {
  let windows: FaultWindow[] = [];
  return {
    note(label, time = Date.now()) {
      windows = windows.filter(({ to = time }) => to > time - shownTime);
      const last = windows.at(-1);
      const open = last !== undefined && last.to === undefined ? last : undefined;
      if (open?.label === label) return;
      if (open !== undefined) open.to = time;
      if (label !== undefined) windows.push({ from: time, label });
    },
    all: () => windows,
  };
}
