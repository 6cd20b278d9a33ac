import { createLogHistogram, type LogHistogram } from '../log-histogram.ts';

/** Calls of one kind within a span of time. */
export interface Calls {
  calls: number;
  failed: number;
  /** Milliseconds. */
  durations: LogHistogram;
}

/** Counts calls by key, in slots of some seconds, so that a rate is that of the last moments. */
export interface CallStats<Key> {
  add(key: string, about: Key, call: { failed: boolean; duration: number }): void;
  /** Everything in the slots of the last `seconds`, by key. */
  within(seconds: number): Array<{ about: Key; calls: Calls }>;
}

/** Seconds of a slot, and of what is kept. */
const slotLength = 5;
export const longestWindow = 300;
/** Maximum number of keys: a sender may call a new host each time. */
const mostKeys = 200;

const slotOf = (time: number): number => Math.floor(time / 1000 / slotLength);

/** Begin of the slots that the last `seconds` contain, in milliseconds since 1970: the slot that they begin in counts for none of them. */
export const slotsSince = (seconds: number): number =>
  (slotOf(Date.now() - seconds * 1000) + 1) * slotLength * 1000;

export function createCallStats<Key>(): CallStats<Key> {
  const byKey = new Map<string, { about: Key; slots: Map<number, Calls> }>();

  function forget(oldest: number): void {
    for (const [key, { slots }] of byKey) {
      for (const slot of slots.keys()) if (slot < oldest) slots.delete(slot);
      if (slots.size === 0) byKey.delete(key);
    }
  }

  let current = 0;
  return {
    add(key, about, { failed, duration }) {
      const slot = slotOf(Date.now());
      if (slot !== current) {
        current = slot;
        forget(slot - longestWindow / slotLength);
      }
      let known = byKey.get(key);
      if (known === undefined) {
        if (byKey.size >= mostKeys) return;
        known = { about, slots: new Map() };
        byKey.set(key, known);
      }
      let calls = known.slots.get(slot);
      if (calls === undefined) {
        calls = { calls: 0, failed: 0, durations: createLogHistogram() };
        known.slots.set(slot, calls);
      }
      calls.calls += 1;
      if (failed) calls.failed += 1;
      calls.durations.add(duration);
    },
    within(seconds) {
      const first = slotOf(slotsSince(seconds));
      return [...byKey.values()].flatMap(({ about, slots }) => {
        const total: Calls = { calls: 0, failed: 0, durations: createLogHistogram() };
        for (const [slot, { calls, failed, durations }] of slots) {
          if (slot < first) continue;
          total.calls += calls;
          total.failed += failed;
          total.durations.addAll(durations);
        }
        return total.calls === 0 ? [] : [{ about, calls: total }];
      });
    },
  };
}
