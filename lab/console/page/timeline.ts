/** Values by name, one per time of the timeline. */
export type Columns = ReadonlyMap<string, ReadonlyArray<number | null>>;

/** Number of seconds that are kept. */
const kept = 15 * 60;

/** Values per second, collected from successive answers. */
export interface Timeline {
  /** Milliseconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly columns: Columns;
  /** Forgets all seconds if the clock was put back, which would come as repeated ones. @param now of the answer's sender */
  follow(now: number): void;
  add(times: readonly number[], columns: Readonly<Record<string, ReadonlyArray<number | null>>>): void;
}

export function createTimeline(): Timeline {
  let times: readonly number[] = [];
  let columns: Columns = new Map();
  return {
    get times() {
      return times;
    },
    get columns() {
      return columns;
    },
    follow(now) {
      // A second may be counted before it has begun.
      if (now > (times.at(-1) ?? 0) - 1000) return;
      times = [];
      columns = new Map();
    },
    add(fresh, values) {
      // Two concurrent requests return the same seconds.
      const last = times.at(-1) ?? 0;
      const start = fresh.findIndex((time) => time > last);
      if (start === -1) return;
      const names = new Set([...columns.keys(), ...Object.keys(values)]);
      const next = new Map<string, ReadonlyArray<number | null>>();
      for (const name of names) {
        const before = columns.get(name) ?? times.map(() => null);
        const after = values[name] ?? fresh.map(() => null);
        next.set(name, [...before, ...after.slice(start)].slice(-kept));
      }
      columns = next;
      times = [...times, ...fresh.slice(start)].slice(-kept);
    },
  };
}
