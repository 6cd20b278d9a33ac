/*
 * uPlot draws the plots. Labels are built here, because its own legend stands below each plot instead of beside it;
 * the shading of faults and the exemplar dots use its hooks.
 */
import uPlot from 'uplot';
import type { FaultWindow } from '../api-types.ts';
import { h } from './h.ts';
import type { Columns } from './timeline.ts';

export interface Line {
  /** Name of the column in the data. */
  column: string;
  label: string;
  /** CSS custom property with the colour. */
  colour: string;
  /** Fills the area below the line, in the colour with the suffix `-soft`. */
  filled?: boolean;
  dashed?: boolean;
}

export interface PlotOptions {
  title: string;
  lines: readonly Line[];
  /** In pixels. */
  height: number;
  format: (value: number) => string;
  /** Format of the axis. Default: `format`. */
  formatAxis?: (value: number) => string;
  /** Logarithmic scale, for values over several orders of magnitude. */
  logarithmic?: boolean;
  /** Whether the time axis has labels. */
  hasTimes?: boolean;
  /** Draws over the lines and follows the pointer. */
  over?: Overlay;
}

export interface Overlay {
  draw(plot: uPlot): void;
  attach?(plot: uPlot): void;
}

export interface PlotData {
  times: readonly number[];
  columns: Columns;
  faults: readonly FaultWindow[];
  /** The visible period, in milliseconds since 1970. */
  from: number;
  to: number;
}

export interface Plot {
  element: HTMLElement;
  update(data: PlotData): void;
}

/** The width of every value axis, in pixels: plots stand one above the other, so their times must be aligned. */
const axisWidth = 56;
const rightPadding = 10;
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- a const enum does not exist at run time
const logarithmicScale: uPlot.Scale.Distr.Logarithmic = 3;
/** Plots of one group share the cursor. */
const group = 'console';

/** A plot over time. Its label shows the values under the pointer, or else the latest ones. */
export function createPlot(options: PlotOptions, signal: AbortSignal): Plot {
  const { title, lines, height, format } = options;
  const values = lines.map(() => h('span', { class: 'value' }, '–'));
  const legend = h(
    'ul',
    { class: 'legend' },
    ...lines.map(({ label, colour }, index) =>
      h('li', {}, h('i', { style: { background: `var(${colour})` } }), h('span', {}, label), values[index]),
    ),
  );
  const canvas = h('div', {
    class: 'canvas',
    style: { height: `${height}px` },
    role: 'img',
    'aria-label': title,
  });
  const element = h(
    'section',
    { class: 'plot' },
    h('div', { class: 'plot-label' }, h('h2', {}, title), legend),
    canvas,
  );
  let faults: readonly FaultWindow[] = [];
  let pointedAt: number | null = null;

  const plot = new uPlot(
    {
      width: 600,
      height,
      padding: [8, rightPadding, options.hasTimes ? 0 : 4, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false, setScale: false },
        sync: { key: group },
        points: { size: 6 },
      },
      scales: {
        x: { time: true, auto: false, range: (_plot, from, to) => [from, to] },
        y: options.logarithmic ? { distr: logarithmicScale, range: decades } : { range: fromZero },
      },
      axes: [timeAxis(options.hasTimes ?? false), valueAxis(options)],
      series: [
        {},
        ...lines.map(({ label, colour, filled, dashed }) => ({
          label,
          stroke: () => resolved(colour),
          width: 1.5,
          spanGaps: false,
          points: { show: false },
          ...(filled && { fill: () => resolved(`${colour}-soft`) }),
          ...(dashed && { dash: [5, 4] }),
        })),
      ],
      hooks: {
        drawClear: [(self) => shadeFaults(self, faults)],
        draw: [(self) => options.over?.draw(self)],
        setCursor: [
          (self) => {
            pointedAt = self.cursor.idx ?? null;
            showValues(self);
          },
        ],
      },
    },
    [[0], ...lines.map(() => [null])],
    canvas,
  );
  options.over?.attach?.(plot);

  function showValues(self: uPlot): void {
    for (const [index, value] of values.entries()) {
      const column = self.data[index + 1] ?? [];
      const shown = column[pointedAt ?? column.length - 1];
      value.textContent = shown === null || shown === undefined ? '–' : format(shown);
    }
  }

  const resize = new ResizeObserver(([entry]) => {
    if (entry && entry.contentRect.width > 0) plot.setSize({ width: entry.contentRect.width, height });
  });
  resize.observe(canvas);
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', () => plot.redraw(), { signal });
  signal.addEventListener('abort', () => {
    resize.disconnect();
    plot.destroy();
  });

  return {
    element,
    update({ times, columns, faults: windows, from, to }) {
      faults = windows;
      plot.batch(() => {
        plot.setData(
          [
            times.map((time) => time / 1000),
            ...lines.map(({ column }) => columns.get(column)?.slice() ?? times.map(() => null)),
          ],
          false,
        );
        plot.setScale('x', { min: from / 1000, max: to / 1000 });
      });
      showValues(plot);
    },
  };
}

/** The current value of a CSS custom property, because a canvas cannot use the property itself. */
export function resolved(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}

function timeAxis(hasTimes: boolean): uPlot.Axis {
  return {
    stroke: () => resolved('--muted'),
    grid: { stroke: () => resolved('--line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
    ...(hasTimes
      ? {
          size: 26,
          values: (_plot, splits) =>
            splits.map((second) => new Date(second * 1000).toTimeString().slice(0, 8)),
        }
      : { size: 0, values: (_plot, splits) => splits.map(() => '') }),
    space: 90,
  };
}

function valueAxis({ format, formatAxis = format, height, logarithmic }: PlotOptions): uPlot.Axis {
  const isShown = (value: number) => !logarithmic || isDecade(value);
  return {
    stroke: () => resolved('--muted'),
    grid: {
      stroke: () => resolved('--line'),
      width: 1,
      filter: (_plot, splits) => splits.map((value) => (isShown(value) ? value : null)),
    },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
    size: axisWidth,
    gap: 8,
    space: height > 120 ? 30 : 24,
    values: (_plot, splits) => splits.map((value) => (isShown(value) ? formatAxis(value) : '')),
  };
}

function isDecade(value: number): boolean {
  return Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-6;
}

/** From 0 to a round number above the largest value, and at least to 1. */
function fromZero(_plot: uPlot, _least: number, largest: number): [number, number] {
  const top = Math.max(largest * 1.1, 1);
  const step = 10 ** Math.floor(Math.log10(top)) / 2;
  return [0, Math.ceil(top / step) * step];
}

/** Whole decades around the values, at least two of them. */
function decades(_plot: uPlot, least: number, largest: number): [number, number] {
  if (!(least > 0) || !(largest > 0)) return [0.001, 1];
  const low = Math.floor(Math.log10(least));
  return [10 ** low, 10 ** Math.max(low + 2, Math.ceil(Math.log10(largest)))];
}

function shadeFaults(plot: uPlot, windows: readonly FaultWindow[]): void {
  const { ctx, bbox, scales } = plot;
  const { min = 0, max = 0 } = scales['x'] ?? {};
  ctx.save();
  ctx.fillStyle = resolved('--fault-shade');
  for (const { from, to } of windows) {
    const start = Math.max(from / 1000, min ?? 0);
    const end = Math.min(to === undefined ? Infinity : to / 1000, max ?? 0);
    if (end <= start) continue;
    const left = plot.valToPos(start, 'x', true);
    ctx.fillRect(left, bbox.top, plot.valToPos(end, 'x', true) - left, bbox.height);
  }
  ctx.restore();
}
