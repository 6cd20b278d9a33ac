export interface TimeLimit {
  /** To be called when the wait ends before its limit. */
  clear(): void;
}

/** The bounds of a wait in milliseconds; Infinity means none. */
export interface Bounds {
  /** On the clock. For callers, who wait whether this process runs or not. */
  elapsed?: number;
  /**
   * In which this process ran. For the other side, which is not late because this process was suspended, or blocked by a
   * long task: such a pause uses up a third of the bound at most.
   */
  running?: number;
}

/** The bound on running time is counted in this many steps, and a step counts for little more than its length. */
const steps = 4;
const longestStep = 1.25;

/**
 * Calls `onLimit` when one of the bounds is reached. This is the one way to time out a wait for another process.
 *
 * A plain timer declares an answer missing that has arrived: after a pause, the event loop runs the timers that are due
 * before it reads its sockets. So `onLimit` is called after the sockets were read once more.
 *
 * @see https://docs.libuv.org/en/v1.x/design.html#the-i-o-loop
 */
export function startTimeLimit(
  { elapsed = Infinity, running = Infinity }: Bounds,
  onLimit: () => void,
): TimeLimit {
  const startedAt = performance.now();
  const step = running / steps;
  let ran = 0;
  let timer: NodeJS.Timeout | undefined;
  let reading: NodeJS.Immediate | undefined;

  function wait(from: number): void {
    const left = Math.min(step, running - ran, startedAt + elapsed - from);
    if (left === Infinity) return;
    timer = setTimeout(look, Math.max(0, left), from);
  }

  function look(from: number): void {
    const now = performance.now();
    ran += Math.min(now - from, step * longestStep);
    // Timers count whole milliseconds, and may fire up to one too early.
    if (running - ran >= 1 && startedAt + elapsed - now >= 1) wait(now);
    else reading = setImmediate(onLimit);
  }

  wait(startedAt);
  return {
    clear() {
      clearTimeout(timer);
      clearImmediate(reading);
    },
  };
}
