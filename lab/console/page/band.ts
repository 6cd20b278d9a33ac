import { breakers, mainBreaker } from './domain-figures.ts';
import type { Aligned } from './aligned.ts';
import { duration } from './format.ts';
import { h, reconcile, setAttribute, setText } from './h.ts';
import type { PlotData } from './plot.ts';

/** A period in one state. */
export interface Stretch {
  /** Milliseconds since 1970. */
  from: number;
  to: number;
  /** CSS class of the state. */
  state: string;
  label: string;
}

export interface Band {
  element: HTMLElement;
  update(stretches: readonly Stretch[], shown: Pick<PlotData, 'from' | 'to'>): void;
}

/** A state over time, aligned with the plots below it. */
export function createBand(title: string, shown = title): Band {
  const now = h('span', { class: 'value' });
  const lane = h('div', { class: 'lane', role: 'img' });
  const element = h(
    'section',
    { class: 'band' },
    h('div', { class: 'plot-label' }, h('h2', {}, shown), now),
    lane,
  );
  return {
    element,
    update(stretches, { from, to }) {
      // A sliver ends before the stretch in which it lies.
      const last = stretches.toSorted((a, b) => a.to - b.to).at(-1);
      const current = last && last.to >= to - longestGap ? last : undefined;
      setText(now, current?.label ?? '–');
      setAttribute(now, 'title', current?.label ?? '');
      now.className = `value ${current?.state ?? ''}`;
      element.dataset['state'] = current?.state ?? '';
      const said = stretches.map((each) => `${each.label} for ${duration(each.to - each.from)}`);
      setAttribute(lane, 'aria-label', `${title}: ${said.join(', ') || 'no data'}`);
      const place = (stretch: HTMLElement, each: Stretch) => {
        const start = Math.max(each.from, from);
        const share = (length: number) => `${((length / (to - from)) * 100).toFixed(3)}%`;
        stretch.className = `stretch ${each.state}`;
        stretch.style.setProperty('left', share(start - from));
        stretch.style.setProperty('width', share(Math.max(each.to - start, 0)));
        setAttribute(stretch, 'title', `${each.label}, ${duration(each.to - each.from)}`);
      };
      reconcile(
        lane,
        stretches.filter((each) => each.to > from),
        {
          key: (each) => `${each.from} ${each.state}`,
          create: (each) => {
            const stretch = h('span', {}, h('span', {}, each.label));
            place(stretch, each);
            return stretch;
          },
          update: place,
        },
      );
    },
  };
}

/** The periods in which faults were set. */
export function faultBand({ faults, to }: Pick<PlotData, 'faults' | 'to'>): Stretch[] {
  return faults.map((each) => ({ from: each.from, to: each.to ?? to, state: 'fault', label: each.label }));
}

const states = [
  { state: 'closed', label: 'closed' },
  { state: 'half-open', label: 'half-open' },
  { state: 'open', label: 'open' },
];

const bands = new WeakMap<Element, Band>();

/** Keep their space until the service has reported its breakers: otherwise the plots below would move down. */
const reserved = breakers.map((name) => `breaker:${name}`);

/** One band per circuit breaker of the service. */
export function breakerBands(parent: HTMLElement, data: PlotData): void {
  const names = [...data.columns.keys()].filter((name) => name.startsWith('breaker:'));
  const update = (element: HTMLElement, name: string) =>
    bands.get(element)?.update(stretchesOfBreaker(name.slice('breaker:'.length), data), data);
  reconcile(parent, names.length === 0 ? reserved : names, {
    key: (name) => name,
    create(name) {
      const of = name.slice('breaker:'.length);
      // Those of other dependencies stand below, so their names say enough.
      const shown = of === mainBreaker ? 'Breaker' : `… ${of}`;
      const band = createBand(`Breaker: ${of}`, shown);
      band.element.classList.add('breaker');
      bands.set(band.element, band);
      update(band.element, name);
      return band.element;
    },
    update,
  });
}

/** The states of a breaker, with those that it passed through between two readings. */
export function stretchesOfBreaker(
  breaker: string,
  { times, columns }: Pick<PlotData, 'times' | 'columns'>,
): Stretch[] {
  const read = columns.get(`breaker:${breaker}`) ?? [];
  const entered = (state: string) => columns.get(`entered:${breaker}:${state}`) ?? [];
  const passes = [
    { state: 1, at: entered('half_open') },
    { state: 2, at: entered('open') },
  ];
  const slivers = passes.flatMap(({ state, at }) =>
    times.flatMap((time, index) => {
      const known = states[state];
      const wasRead = read[index] === state || read[index - 1] === state;
      return known && (at[index] ?? 0) > 0 && !wasRead ? [sliver(time, known)] : [];
    }),
  );
  return [...stretchesOf(times, read), ...slivers].toSorted((a, b) => a.from - b.from);
}

/** When in its second a state was entered is not known: it is drawn in the middle, over the other state. */
function sliver(time: number, known: { state: string; label: string }): Stretch {
  return { from: time - 700, to: time - 300, ...known, label: `${known.label}, less than a second` };
}

/** Longest time between two readings of one stretch, in milliseconds: on a busy machine one comes late or is left out. */
const longestGap = 2500;

/** Merges adjacent seconds of the same state. A reading stands for the second before it. */
export function stretchesOf(times: readonly number[], values: Aligned): Stretch[] {
  const stretches: Stretch[] = [];
  for (const [index, time] of times.entries()) {
    const value = values[index];
    const known = value === null || value === undefined ? undefined : states[value];
    if (known === undefined) continue;
    const last = stretches.at(-1);
    if (last && last.state === known.state && time - last.to <= longestGap) last.to = time;
    else stretches.push({ from: time - 1000, to: time, ...known });
  }
  return stretches;
}
