import { count, rate, seconds } from './format.ts';
import { createPlot, type Line, type PlotData, type PlotOptions } from './plot.ts';
import type { Page } from './view.ts';
import { createTimeAxis } from './time-axis.ts';

export interface PlotTable {
  elements: HTMLElement[];
  update(data: PlotData): void;
}

/** Plots one below the other, over the same time. Their time axis stays in view while they are longer than the window. */
export function createPlotTable(
  rows: readonly PlotOptions[],
  page: Pick<Page, 'signal' | 'range'>,
): PlotTable {
  const plots = rows.map((row) => createPlot(row, page));
  const axis = createTimeAxis(page.signal);
  return {
    elements: [...plots.map(({ element }) => element), axis.element],
    update(data) {
      axis.update(data);
      for (const plot of plots) plot.update(data);
    },
  };
}

function perSecond(value: number): string {
  return `${rate(value)}/s`;
}

/** Answers by class of status; the server and the client view have the same columns. */
export const answerLines: readonly Line[] = [
  { column: 'ok', label: 'answered', colour: '--blue', filled: true },
  { column: 'client', label: '4xx', colour: '--amber' },
  { column: 'shed', label: '429', colour: '--violet' },
  { column: 'failed', label: '5xx', colour: '--red' },
];

/** Latency spans several powers of ten. */
export const latencyScale = { format: seconds, scale: 'seconds' } as const;

export const rateScale = { format: perSecond, scale: 'rate' } as const;

export const countScale = { format: count, scale: 'count' } as const;

export const p50: Line = { column: 'p50', label: 'p50', colour: '--blue' };
export const p95: Line = { column: 'p95', label: 'p95', colour: '--violet' };
export const p99: Line = { column: 'p99', label: 'p99', colour: '--red' };
