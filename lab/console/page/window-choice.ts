import { h } from './h.ts';
import type { Address, Page } from './view.ts';

const lengths = [
  { label: '2 min', minutes: 2 },
  { label: '5 min', minutes: 5 },
  { label: '15 min', minutes: 15 },
] as const;

/** A choice of the period that the plots show. */
export function createWindowChoice(
  { address, page }: { address: Address; page: Page },
  onChange: () => void,
): { element: HTMLElement; length(): number } {
  const [usual] = lengths;
  let chosen = lengths.find(({ minutes }) => String(minutes) === address.query.get('minutes')) ?? usual;
  const buttons = lengths.map((length) =>
    h('button', { type: 'button', on: { click: () => choose(length) } }, length.label),
  );

  function mark(): void {
    for (const [index, button] of buttons.entries()) {
      button.setAttribute('aria-pressed', String(lengths[index] === chosen));
    }
  }

  function choose(length: typeof chosen): void {
    chosen = length;
    page.choose({ minutes: chosen === usual ? '' : String(chosen.minutes) });
    mark();
    onChange();
  }

  mark();
  return {
    element: h('div', { class: 'choice', role: 'group', 'aria-label': 'Time shown' }, ...buttons),
    /** In milliseconds. */
    length: () => chosen.minutes * 60_000,
  };
}
