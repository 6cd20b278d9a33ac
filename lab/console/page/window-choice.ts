import { h } from './h.ts';

const lengths = [
  { label: '2 min', minutes: 2 },
  { label: '5 min', minutes: 5 },
  { label: '15 min', minutes: 15 },
];

/** A choice of the period that the plots show. */
export function createWindowChoice(onChange: () => void): { element: HTMLElement; length(): number } {
  let chosen = 2;
  const buttons = lengths.map(({ label, minutes }) =>
    h('button', { type: 'button', on: { click: () => choose(minutes) } }, label),
  );

  function mark(): void {
    for (const [index, button] of buttons.entries()) {
      button.setAttribute('aria-pressed', String(lengths[index]?.minutes === chosen));
    }
  }

  function choose(minutes: number): void {
    chosen = minutes;
    mark();
    onChange();
  }

  mark();
  return {
    element: h('div', { class: 'choice', role: 'group', 'aria-label': 'Time shown' }, ...buttons),
    /** In milliseconds. */
    length: () => chosen * 60_000,
  };
}
