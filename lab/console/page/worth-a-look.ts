import type { Exemplar } from '../api-types.ts';
import { clock, seconds } from './format.ts';
import { h, reconcile } from './h.ts';
import type { Live } from './live.ts';
import type { Range } from './range.ts';

const most = 8;

/** Links to the slowest and failed requests of the visible period: the dots for users without a pointer. */
export function createWorthALook(live: Live): { element: HTMLElement; update(shown: Range): void } {
  const list = h('ul', { class: 'worth' });
  return {
    element: h(
      'section',
      { class: 'worth-a-look' },
      h('h2', {}, 'Worth a look'),
      h('p', { class: 'muted' }, 'The slowest requests in the plots, failed ones first.'),
      list,
    ),
    update({ from, to }) {
      const shown = live.exemplars
        .filter(({ time }) => time > from && time <= to)
        .toSorted((a, b) => weight(b) - weight(a))
        .slice(0, most);
      reconcile(list, shown, {
        key: ({ traceId, time }) => `${traceId} ${time}`,
        create: (each) =>
          h(
            'li',
            {},
            h(
              'a',
              { href: `/traces/${each.traceId}` },
              h('span', { class: 'time' }, clock(each.time)),
              h('span', { class: 'name' }, each.name),
              h('span', { class: `status ${toneOf(each)}` }, each.httpStatus),
              h('span', { class: 'duration' }, seconds(each.seconds)),
            ),
          ),
      });
    },
  };
}

function weight({ seconds: value, httpStatus }: Exemplar): number {
  return value + (httpStatus.startsWith('5') ? 1000 : 0);
}

function toneOf({ httpStatus }: Exemplar): string {
  if (httpStatus.startsWith('5')) return 'bad';
  return httpStatus.startsWith('4') ? 'warn' : '';
}
