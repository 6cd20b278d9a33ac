/** Counts events, in total and over the last minute. */
export interface Meter {
  /** @param time milliseconds since 1970 */
  add(count: number, time: number): void;
  read(time: number): { total: number; perSecond: number };
}

const seconds = 60;

export function createMeter(): Meter {
  const counts = new Float64Array(seconds);
  let total = 0;
  let first = Number.NaN;
  let current = 0;

  /** Empties the seconds since the last event. A clock that was put back counts in the second that it had reached. */
  function turn(time: number): void {
    const second = Math.floor(time / 1000);
    if (second - current >= seconds) counts.fill(0);
    else for (let at = current + 1; at <= second; at += 1) counts[at % seconds] = 0;
    current = Math.max(current, second);
  }

  return {
    add(count, time) {
      if (count === 0) return;
      if (Number.isNaN(first)) first = time;
      turn(time);
      const at = current % seconds;
      counts[at] = (counts[at] ?? 0) + count;
      total += count;
    },
    read(time) {
      turn(time);
      // The first minute is not a minute yet.
      const covered = Math.min(Math.max((time - first) / 1000, 1), seconds);
      const sum = counts.reduce((all, count) => all + count, 0);
      return { total, perSecond: total === 0 ? 0 : sum / covered };
    },
  };
}
