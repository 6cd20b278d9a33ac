import type { TrafficDetail } from '../api-types.ts';
import { count } from './format.ts';
import { h, reconcile, setText } from './h.ts';

/** The number of requests by kind of visit and by outcome. */
export function createOutcomes(): {
  element: HTMLElement;
  update(outcomes: TrafficDetail['outcomes']): void;
} {
  const rows = h('tbody', {});
  const element = h(
    'section',
    {},
    h('h2', {}, 'Answers to clients'),
    h(
      'table',
      { class: 'outcomes' },
      h(
        'thead',
        {},
        h('tr', {}, h('th', {}, 'Visit'), h('th', {}, 'Answer'), h('th', { class: 'number' }, 'Requests')),
      ),
      rows,
    ),
  );
  return {
    element,
    update(outcomes) {
      const inOrder = outcomes.toSorted(
        (a, b) => a.kind.localeCompare(b.kind) || a.outcome.localeCompare(b.outcome),
      );
      reconcile(rows, inOrder, {
        key: ({ kind, outcome }) => `${kind} ${outcome}`,
        create: ({ kind, outcome, count: number }) =>
          h(
            'tr',
            {},
            h('td', {}, kind.replaceAll('_', ' ')),
            h('td', {}, h('span', { class: `status ${toneOf(outcome)}` }, outcome)),
            h('td', { class: 'number' }, count(number)),
          ),
        update: (row, { count: number }) => {
          const cell = row.lastElementChild;
          if (cell) setText(cell, count(number));
        },
      });
    },
  };
}

function toneOf(outcome: string): string {
  if (/^[23]/.test(outcome)) return 'ok';
  return outcome.startsWith('4') ? 'warn' : 'bad';
}
