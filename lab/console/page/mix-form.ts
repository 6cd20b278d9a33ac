import type { TrafficDetail } from '../api-types.ts';
import { h } from './h.ts';

/** The mix of visits, as a weight for each kind. */
export function createMixForm(onChange: (weights: Record<string, number>) => Promise<void>): {
  element: HTMLElement;
  update(mix: TrafficDetail['mix']): void;
} {
  const inputs = new Map<string, HTMLInputElement>();
  const rows = h('div', { class: 'mix' });

  function change(): void {
    const weights = [...inputs].map(([kind, input]): [string, number] => [kind, Number(input.value) || 0]);
    void onChange(Object.fromEntries(weights));
  }

  return {
    element: h(
      'section',
      {},
      h('h2', {}, 'Mix of visits'),
      h('p', { class: 'muted' }, 'Relative weights. A change restarts the traffic at the rate above.'),
      rows,
    ),
    update(mix) {
      for (const { kind, meaning, weight } of mix) {
        let input = inputs.get(kind);
        if (input === undefined) {
          input = h('input', { type: 'number', min: 0, max: 10_000, 'aria-label': kind, on: { change } });
          inputs.set(kind, input);
          rows.append(
            h(
              'label',
              { class: 'setting' },
              h('code', {}, kind.replaceAll('_', ' ')),
              input,
              h('span', { class: 'muted' }, meaning),
            ),
          );
        }
        if (document.activeElement !== input) input.value = String(weight);
      }
    },
  };
}
