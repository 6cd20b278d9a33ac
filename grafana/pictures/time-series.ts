import { escapeText } from '../../src/http/html-text.ts';
import { matches, type Panel } from './dashboard-file.ts';
import type { Range, Series } from './series.ts';
import { type Box, colourNamed, colourOf, fit, round, text, widthOf } from './svg.ts';
import { show } from './units.ts';

/** Lines over time, stacked if the panel says so, with its legend below. */
export function drawTimeSeries(panel: Panel, series: readonly Series[], range: Range, box: Box): string {
  const defaults = panel.fieldConfig?.defaults ?? {};
  const stacked = defaults.custom?.stacking?.mode === 'normal';
  const coloured = series.map((each, index) => ({
    ...each,
    colour: colourOf(panel, each.name, index),
    rightUnit: rightUnitOf(panel, each.name),
  }));
  const right = coloured.find((each) => each.rightUnit !== undefined);
  const legend = drawLegend(coloured, box);
  const plot: Box = {
    x: box.x + 62,
    y: box.y + 6,
    width: box.width - 62 - (right === undefined ? 10 : 54),
    height: box.height - 6 - 18 - legend.height,
  };
  const { tops, below } = stacked
    ? stack(coloured)
    : { tops: coloured.map(({ values }) => values), below: [] };
  const isRight = (index: number) => coloured[index]?.rightUnit !== undefined;
  const axis = (onRight: boolean) =>
    axisFor(tops.filter((_, index) => isRight(index) === onRight).flat(), onRight ? {} : defaults);
  const axes = { left: axis(false), right: axis(true) };
  const count = Math.max(1, ...coloured.map(({ values }) => values.length));
  const x = (index: number) => plot.x + (plot.width * index) / Math.max(1, count - 1);
  const y = (value: number, { min, max }: Axis) =>
    plot.y + plot.height * (1 - Math.min(1, Math.max(0, (value - min) / (max - min))));

  const bands = coloured.map(({ colour }, index) => {
    const own = isRight(index) ? axes.right : axes.left;
    return runs(tops[index] ?? [])
      .map(({ from, values }) => {
        const points = values.map((value, offset) => `${round(x(from + offset))},${round(y(value, own))}`);
        const base = values.map((_, offset) => {
          const value = below[index]?.[from + offset] ?? own.min;
          return `${round(x(from + offset))},${round(y(value, own))}`;
        });
        return `<polygon points="${[...points, ...(stacked ? base.toReversed() : [base.at(-1), base[0]])].join(' ')}" fill="${colour}" fill-opacity="${stacked ? 0.4 : 0.08}"/><polyline points="${points.join(' ')}" stroke="${colour}"/>`;
      })
      .join('');
  });
  const thresholds = (
    defaults.custom?.thresholdsStyle === undefined ? [] : (defaults.thresholds?.steps ?? [])
  )
    .filter(({ value }) => value !== null && value > axes.left.min && value < axes.left.max)
    .map(
      ({ value, color }) =>
        `<line x1="${plot.x}" x2="${round(plot.x + plot.width)}" y1="${round(y(value ?? 0, axes.left))}" y2="${round(y(value ?? 0, axes.left))}" stroke="${colourNamed(color)}" stroke-dasharray="6 4"/>`,
    );
  return [
    ...ticks(axes.left).map(
      (value) =>
        `<line class="grid" x1="${plot.x}" x2="${round(plot.x + plot.width)}" y1="${round(y(value, axes.left))}" y2="${round(y(value, axes.left))}"/>` +
        text(escapeText(show(value, defaults.unit)), {
          x: plot.x - 5,
          y: y(value, axes.left) + 3,
          anchor: 'end',
        }),
    ),
    ...(right === undefined
      ? []
      : ticks(axes.right).map((value) =>
          text(escapeText(show(value, right.rightUnit)), {
            x: plot.x + plot.width + 5,
            y: y(value, axes.right) + 3,
          }),
        )),
    timeAxis(range, plot),
    ...bands,
    ...thresholds,
    legend.drawn,
  ].join('\n');
}

/** The unit of a series that an override moves to the right axis. */
function rightUnitOf({ fieldConfig }: Panel, name: string): string | undefined {
  const properties = (fieldConfig?.overrides ?? [])
    .filter((override) => matches(override, name))
    .flatMap((override) => override.properties);
  const onRight = properties.some(({ id, value }) => id === 'custom.axisPlacement' && value === 'right');
  const unit = properties.find(({ id }) => id === 'unit')?.value;
  return onRight && typeof unit === 'string' ? unit : undefined;
}

interface Axis {
  min: number;
  max: number;
}

function axisFor(
  values: ReadonlyArray<number | undefined>,
  { min, max, unit = '' }: { min?: number; max?: number; unit?: string },
): Axis {
  const known = values.filter((value) => value !== undefined);
  const lowest = min ?? Math.min(0, ...known);
  const highest = max ?? niceAbove(Math.max(...known, 0) - lowest, /^(?:bytes|Bps)$/.test(unit)) + lowest;
  return { min: lowest, max: highest > lowest ? highest : lowest + 1 };
}

/** The next of 1, 1.2, 1.6 and so on times a power of ten, of KiB or MiB for bytes, which four lines divide well. */
function niceAbove(value: number, binary: boolean): number {
  if (value <= 0) return 1;
  const unit = binary ? 1024 ** Math.floor(Math.log2(Math.max(1, value)) / 10) : 1;
  const power = unit * 10 ** Math.floor(Math.log10(value / unit));
  return ([1, 1.2, 1.6, 2, 3, 4, 6, 8].find((factor) => factor * power >= value) ?? 10) * power;
}

const ticks = ({ min, max }: Axis): number[] =>
  [0, 0.25, 0.5, 0.75, 1].map((share) => min + share * (max - min));

/** Each line on top of the ones before it. `below` is where its band begins. */
function stack(series: readonly Series[]): { tops: Array<Series['values']>; below: number[][] } {
  const sums: number[] = [];
  const below: number[][] = [];
  const tops = series.map(({ values }) => {
    below.push(values.map((_, index) => sums[index] ?? 0));
    return values.map((value, index) => {
      if (value === undefined) return undefined;
      sums[index] = (sums[index] ?? 0) + value;
      return sums[index];
    });
  });
  return { tops, below };
}

/** Where a line has values without a gap. */
function runs(values: Series['values']): Array<{ from: number; values: number[] }> {
  const found: Array<{ from: number; values: number[] }> = [];
  for (const [index, value] of values.entries()) {
    if (value === undefined) continue;
    const last = found.at(-1);
    if (last && last.from + last.values.length === index) last.values.push(value);
    else found.push({ from: index, values: [value] });
  }
  return found;
}

/** Minutes before the end, because the picture is not of a moment that matters. */
export function timeAxis({ from, to }: Range, { x, y, width, height }: Box): string {
  const minutes = (to - from) / 60;
  return [0, 1 / 3, 2 / 3, 1]
    .map((share) => {
      const before = Math.round(minutes * (1 - share));
      const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle';
      return text(before === 0 ? 'end' : `−${before} min`, {
        x: x + width * share,
        y: y + height + 14,
        anchor,
      });
    })
    .join('');
}

const rowHeight = 14;
const legendRows = 3;

/** The names of the series, in as many rows as they need, up to three. */
function drawLegend(
  series: ReadonlyArray<{ name: string; colour: string }>,
  box: Box,
): { drawn: string; height: number } {
  const placed: Array<{ name: string; colour: string; x: number; row: number }> = [];
  let x = 8;
  let row = 0;
  for (const { name, colour } of series) {
    const width = widthOf(name, 10) + 26;
    if (x + width > box.width && x > 8) {
      x = 8;
      row += 1;
    }
    if (row >= legendRows) break;
    placed.push({ name, colour, x, row });
    x += width;
  }
  const rows = Math.min(legendRows, row + 1);
  const top = box.y + box.height - rows * rowHeight;
  const drawn = placed
    .map(
      (each) =>
        `<rect x="${round(box.x + each.x)}" y="${round(top + each.row * rowHeight + 2)}" width="10" height="3" rx="1" fill="${each.colour}"/>` +
        text(fit(each.name, box.width - each.x - 20, 10), {
          x: box.x + each.x + 14,
          y: top + each.row * rowHeight + 7,
          kind: 'legend',
        }),
    )
    .join('');
  return { drawn, height: series.length === 0 ? 0 : rows * rowHeight + 2 };
}
