/*
 * uPlot draws the plots. Labels are built here, because its own legend stands below each plot instead of beside it;
 * the shading of faults and the exemplar dots use its hooks.
 */
import uPlot from 'uplot';
import type { FaultWindow } from '../api-types.ts';
import { type Aligned, lonePlaces, valueAt } from './aligned.ts';
import { h, setText } from './h.ts';
import { isAnywhere, rightPadding, stepsOf, timeAxis, valueAxis, type ValueScale } from './plot-axes.ts';
import { decadesAround, linearTicks, withHeadroom, withoutRest } from './ticks.ts';
import { createPlotReader } from './plot-reader.ts';
import { onThemeChange, resolved } from './theme.ts';
import type { Page } from './view.ts';

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

export interface PlotOptions extends ValueScale {
  title: string;
  lines: readonly Line[];
  /** Values that no line reaches are points. Default: they are not drawn. */
  hasPoints?: boolean;
  /** Draws over the lines and follows the pointer. */
  over?: Overlay;
}

export interface Overlay {
  draw(plot: uPlot): void;
  attach?(plot: uPlot): void;
  /** Opens what it shows at a time. @returns whether there was something */
  open?(time: number): boolean;
  /** The values that it draws, for the scale. Times are seconds since 1970. */
  values(from: number, to: number): readonly number[];
}

export interface PlotData {
  times: readonly number[];
  columns: ReadonlyMap<string, Aligned>;
  faults: readonly FaultWindow[];
  /** The visible period, in milliseconds since 1970. */
  from: number;
  to: number;
}

export interface Plot {
  element: HTMLElement;
  update(data: PlotData): void;
}

// oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- a const enum does not exist at run time
const logarithmicScale: uPlot.Scale.Distr.Logarithmic = 3;
/** Plots of one group share the cursor. */
const group = 'console';

/** uPlot leaves out the axis of a scale without a range, and the times of the plot would not stand above those of the time axis. */
function around(_plot: uPlot, least: number | null, largest: number | null): uPlot.Range.MinMax {
  return least === null || largest === null ? [0, 1] : uPlot.rangeNum(least, largest, 0.1, true);
}

/** A plot over time. Its label shows the values under the pointer, or else the latest ones. */
export function createPlot(options: PlotOptions, { signal, range }: Pick<Page, 'signal' | 'range'>): Plot {
  const { title, lines, height, format, scale, over, hasPoints = false } = options;
  const isWhole = scale === 'count';
  const values = lines.map(() => h('span', { class: 'value' }, '–'));
  const legend = h(
    'ul',
    { class: 'legend' },
    ...lines.map(({ label, colour }, index) =>
      h('li', {}, h('i', { style: { background: `var(${colour})` } }), h('span', {}, label), values[index]),
    ),
  );
  const reader = createPlotReader(title, height, {
    say: (index) =>
      lines.map(({ label }, line) => `${label} ${written(valueAt(all[line] ?? [], index))}`).join(', '),
    open: over?.open,
    choose: (from, to) => range.choose({ from: Math.round(from * 1000), to: Math.round(to * 1000) }),
  });
  const element = h(
    'section',
    { class: 'plot' },
    h('div', { class: 'plot-label' }, h('h2', {}, title), legend),
    reader.element,
  );
  let latest: PlotData | undefined;
  /** Values per line, with those at rest, which are not drawn. */
  let all: readonly Aligned[] = [];
  let pointedAt: number | null = null;
  /** Created once its width is known, because what is drawn before that is thrown away. */
  let plot: uPlot | undefined;

  function create(width: number): uPlot {
    const created = new uPlot(
      {
        width,
        height,
        padding: [8, rightPadding, 4, 0],
        legend: { show: false },
        cursor: {
          y: false,
          drag: { x: true, y: false, setScale: false, dist: 5 },
          // Only the pointer's place is shared: a selection in one plot would be one in each.
          sync: { key: group, filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' } },
          points: { size: 6 },
        },
        scales: {
          x: { time: true, auto: false, range: (_plot, from, to) => [from, to] },
          y:
            scale === 'seconds'
              ? { distr: logarithmicScale, range: decades }
              : isAnywhere(scale)
                ? { range: around }
                : {
                    range: (_plot, _least, largest) => [
                      0,
                      linearTicks(withHeadroom(largest ?? 0, isWhole), stepsOf(height), isWhole).at(-1) ?? 1,
                    ],
                  },
        },
        axes: [timeAxis, valueAxis(options)],
        series: [{}, ...lines.map((line) => seriesOf(line, hasPoints))],
        hooks: {
          drawClear: [(self) => shadeFaults(self, latest?.faults ?? [])],
          draw: [(self) => over?.draw(self)],
          setSelect: [chooseRange],
          setCursor: [
            (self) => {
              pointedAt = self.cursor.idx ?? null;
              showValues();
            },
          ],
        },
      },
      undefined,
      reader.element,
    );
    reader.attach(created);
    over?.attach?.(created);
    return created;
  }

  /** Includes what the overlay draws, which would be cut off otherwise. */
  function decades({ scales: { x } }: uPlot, least: number | null, largest: number | null): [number, number] {
    const drawn = over?.values(x?.min ?? 0, x?.max ?? 0) ?? [];
    return decadesAround([...drawn, least ?? 0, largest ?? 0]);
  }

  /** A drag over a plot narrows the time of all. */
  function chooseRange(self: uPlot): void {
    const { left, width } = self.select;
    if (width === 0) return;
    const timeAt = (place: number) => Math.round(self.posToVal(place, 'x') * 1000);
    range.choose({ from: timeAt(left), to: timeAt(left + width) });
    self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  function showValues(): void {
    for (const [index, value] of values.entries()) {
      const column = all[index] ?? [];
      setText(value, written(valueAt(column, pointedAt ?? column.length - 1)));
    }
  }

  function written(value: number | null | undefined): string {
    return value === null || value === undefined ? '–' : format(value);
  }

  const resize = new ResizeObserver(([entry]) => {
    const width = entry?.contentRect.width ?? 0;
    if (width === 0) return;
    plot?.setSize({ width, height });
    if (plot) draw();
    else if (isInWindow(element)) drawFirst(width);
    // A plot that is not seen yet does not hold up those that are.
    else setTimeout(() => drawFirst(reader.element.clientWidth));
  });
  resize.observe(reader.element);
  onThemeChange(() => plot?.redraw(), signal);
  signal.addEventListener('abort', () => {
    resize.disconnect();
    plot?.destroy();
  });

  function drawFirst(width: number): void {
    if (signal.aborted || plot !== undefined || width === 0) return;
    plot = create(width);
    draw();
  }

  function draw(): void {
    if (plot === undefined || latest === undefined) return;
    const { times, from, to } = latest;
    // uPlot draws once, after this task, whatever was set in it.
    plot.setData(
      [
        times.map((time) => time / 1000),
        ...all.map((column, index) =>
          lines[index]?.filled || isAnywhere(scale) ? column.slice() : withoutRest(column),
        ),
      ],
      false,
    );
    plot.setScale('x', { min: from / 1000, max: to / 1000 });
  }

  return {
    element,
    update(data) {
      latest = data;
      all = lines.map(({ column }) => data.columns.get(column) ?? data.times.map(() => null));
      draw();
      showValues();
    },
  };
}

function isInWindow(element: HTMLElement): boolean {
  return element.getBoundingClientRect().top < innerHeight;
}

function seriesOf({ label, colour, filled, dashed }: Line, hasPoints: boolean): uPlot.Series {
  return {
    label,
    stroke: () => resolved(colour),
    width: 1.5,
    spanGaps: false,
    points: {
      show: false,
      ...(hasPoints && {
        size: 5,
        filter: (plot, series) => lonePlaces(Array.from(plot.data[series] ?? [])),
      }),
    },
    ...(filled && { fill: () => resolved(`${colour}-soft`) }),
    ...(dashed && { dash: [5, 4] }),
  };
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
