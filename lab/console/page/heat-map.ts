import type { MetricSeries } from '../api-types.ts';
import { count } from './format.ts';
import { h, setAttribute, svg } from './h.ts';
import { heatOf } from './heat-cells.ts';
import { axisWidth, rightPadding } from './plot-axes.ts';
import type { Range } from './range.ts';

/** Height of a bucket, in pixels. */
const rowHeight = 16;

/** A histogram over time: the stronger the colour of a cell, the more observations in its bucket. Aligned with the plots. */
export function createHeatMap(format: (bound: number) => string): {
  element: HTMLElement;
  update(series: readonly MetricSeries[], shown: Range): void;
} {
  const canvas = h('div', { class: 'heat', role: 'img' });
  const element = h(
    'section',
    { class: 'plot' },
    h(
      'div',
      { class: 'plot-label' },
      h('h2', {}, 'Heat map'),
      h('p', { class: 'muted' }, 'Observations by bucket; the stronger the colour, the more.'),
    ),
    canvas,
  );
  return {
    element,
    update(series, { from, to }) {
      const { bounds, cells, most } = heatOf(series);
      const width = Math.max(canvas.clientWidth - axisWidth - rightPadding, 50);
      const height = Math.max(bounds.length, 1) * rowHeight;
      const x = (time: number) => axisWidth + ((Math.max(time, from) - from) / (to - from)) * width;
      const y = (row: number) => height - (row + 1) * rowHeight;
      const visible = cells.filter((cell) => cell.to > from && cell.from < to);
      const total = visible.reduce((sum, cell) => sum + cell.count, 0);
      setAttribute(
        canvas,
        'aria-label',
        `Heat map of ${count(total)} observations in ${bounds.length} buckets`,
      );
      canvas.replaceChildren(
        svg(
          'svg',
          { width: axisWidth + width + rightPadding, height, 'aria-hidden': 'true' },
          ...bounds.map((bound, row) =>
            svg(
              'text',
              { x: axisWidth - 8, y: y(row) + rowHeight - 4, 'text-anchor': 'end' },
              bound === Infinity ? 'more' : format(bound),
            ),
          ),
          ...visible.map((cell) =>
            svg('rect', {
              x: x(cell.from),
              y: y(cell.row),
              width: Math.max(x(Math.min(cell.to, to)) - x(cell.from), 1),
              height: rowHeight - 1,
              // The square root keeps rare buckets visible beside the usual one.
              opacity: (0.12 + 0.88 * Math.sqrt(cell.count / most)).toFixed(3),
            }),
          ),
        ),
      );
    },
  };
}
