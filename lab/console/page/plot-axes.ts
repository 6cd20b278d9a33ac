import type uPlot from 'uplot';
import { tick } from './format.ts';
import { resolved } from './theme.ts';
import { dateLabels, distinctLabels, linearLabels, linearTicks, timeTicks } from './ticks.ts';

/** The width of every value axis, in pixels: plots stand one above the other, so their times must be aligned. */
export const axisWidth = 56;
export const rightPadding = 10;

export interface ValueScale {
  /** Of the plot, in pixels. */
  height: number;
  format: (value: number) => string;
  /** What the values are: counts, rates per second, seconds over several powers of ten, anything, negative included, or Unix times in seconds. */
  scale: 'count' | 'rate' | 'seconds' | 'number' | 'date';
}

/** Without labels: one axis below all plots has them. */
export const timeAxis: uPlot.Axis = {
  grid: { stroke: () => resolved('--line'), width: 1 },
  ticks: { show: false },
  size: 0,
  splits: ({ scales: { x }, bbox }) =>
    timeTicks({ from: (x?.min ?? 0) * 1000, to: (x?.max ?? 0) * 1000 }, bbox.width / devicePixelRatio).map(
      (time) => time / 1000,
    ),
  values: (_plot, splits) => splits.map(() => ''),
};

export function valueAxis({ height, scale, format }: ValueScale): uPlot.Axis {
  const isLogarithmic = scale === 'seconds';
  const isShown = (value: number) => !isLogarithmic || isDecade(value);
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
    ...(isAnywhere(scale)
      ? {
          space: 26,
          values: (_plot, splits) => (scale === 'date' ? dateLabels(splits) : distinctLabels(splits, format)),
        }
      : isLogarithmic
        ? { space: 24, values: (_plot, splits) => splits.map((value) => (isShown(value) ? tick(value) : '')) }
        : {
            // The range ends at a tick, so the same ticks follow from it.
            splits: (_plot, _axis, _low, top) => linearTicks(top, stepsOf(height), scale === 'count'),
            values: (_plot, splits) => linearLabels(splits, scale === 'rate' ? '/s' : ''),
          }),
  };
}

/** Whether the values may be far from 0, which the axis leaves out then. */
export function isAnywhere(scale: ValueScale['scale']): boolean {
  return scale === 'number' || scale === 'date';
}

/** The number of steps on a value axis: one per 26 pixels. */
export function stepsOf(height: number): number {
  return Math.max(Math.floor((height - 12) / 26), 1);
}

function isDecade(value: number): boolean {
  return Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-6;
}
