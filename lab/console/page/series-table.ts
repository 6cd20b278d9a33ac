import type { MetricSeries } from '../api-types.ts';
import { inFull, moment, seconds } from './format.ts';
import { h } from './h.ts';
import type { Meaning } from './metric-meaning.ts';
import { newestOf } from './newest.ts';
import { labelOf } from './series-labels.ts';
import { renewChildren, showRows } from './table-rows.ts';

/** The newest values of every series: also what is not plotted, as the total of a counter and the quantiles of a summary. */
export function createSeriesTable(): {
  element: HTMLElement;
  update(series: readonly MetricSeries[], meaning: Meaning): void;
} {
  const head = h('tr', {});
  const rows = h('tbody', {});

  function written(column: string, value: number, meaning: Meaning): string {
    if (value === -Infinity) return '–';
    if (column === 'rate') return `${inFull(value)}/s`;
    return { number: inFull, seconds, date: moment }[meaning](value);
  }

  return {
    element: h(
      'div',
      { class: 'scrolled', role: 'region', 'aria-label': 'Newest values', tabindex: 0 },
      h('table', { class: 'outcomes' }, h('thead', {}, head), rows),
    ),
    update(series, meaning) {
      const columns = [...new Set(series.flatMap((each) => Object.keys(each.columns)))];
      renewChildren(head, [
        h('th', {}, 'Series'),
        ...columns.map((column) => h('th', { class: 'number' }, `Newest ${column}`)),
      ]);
      showRows(rows, series, {
        key: ({ service, scope, kind, labels }) => JSON.stringify([service, scope, kind, labels]),
        cells: (each) => [
          h('td', {}, labelOf(each, series)),
          ...columns.map((column) =>
            h('td', { class: 'number' }, written(column, newestOf(each, column), meaning)),
          ),
        ],
      });
    },
  };
}
