import type { Counter } from './counter.ts';

/** Mirrors a total that something else counts: adds its increase since the last call. */
export function mirror(): (counter: Counter, total: number) => void {
  let seen = 0;
  return (counter, total) => {
    counter.increment(total - seen);
    seen = total;
  };
}
