import { isClear } from './format.ts';
import { fill, h, setAttribute } from './h.ts';
import { timeLabel } from './ticks.ts';

/** A period, in milliseconds since 1970. */
export interface Range {
  from: number;
  to: number;
}

/** The end of the last day that a `Date` can be of. */
const lastTime = 8.64e15;

/** The period that all plots, the traces and the log lines show; without one, they show the newest. */
export interface RangeChoice {
  readonly current: Range | undefined;
  choose(range: Range | undefined): void;
  subscribe(listener: () => void, signal: AbortSignal): void;
}

/**
 * @param chip shows the range while there is one, and clears it by a click
 * @param initial has the range of an address, as `from` and `to`
 */
export function createRangeChoice(chip: HTMLButtonElement, initial: URLSearchParams): RangeChoice {
  const changes = new EventTarget();
  let current: Range | undefined;

  function choose(range: Range | undefined): void {
    current = range;
    chip.hidden = range === undefined;
    if (range) {
      const text = written(range);
      fill(chip, text, h('span', { 'aria-hidden': 'true' }, ' ✕'));
      setAttribute(chip, 'aria-label', `Time range ${text}: clear`);
    }
    changes.dispatchEvent(new Event('change'));
  }

  chip.addEventListener('click', () => choose(undefined));
  const [from, to] = ['from', 'to'].map((name) => Number(initial.get(name) ?? Number.NaN));
  const isPeriod = from !== undefined && to !== undefined && from >= 0 && from < to && to <= lastTime;
  choose(isPeriod ? { from, to } : undefined);
  return {
    get current() {
      return current;
    },
    choose,
    subscribe: (listener, signal) => changes.addEventListener('change', listener, { signal }),
  };
}

/** With the days that the times alone do not say: an address may be of any day. */
function written({ from, to }: Range): string {
  const day = (time: number) => new Date(time).toDateString().slice(4);
  const first = isClear(from) ? '' : `${day(from)} `;
  const last = isClear(to) || day(to) === day(from) ? '' : `${day(to)} `;
  return `${first}${timeLabel(from)} – ${last}${timeLabel(to)}`;
}
