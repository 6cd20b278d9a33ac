import { rate, seconds, tick } from './format.ts';
import { createPlot, type Line, type PlotData, type PlotOptions } from './plot.ts';

export interface PlotTable {
  elements: HTMLElement[];
  update(data: PlotData): void;
}

/** Plots one below the other, over the same time. */
export function createPlotTable(rows: readonly PlotOptions[], signal: AbortSignal): PlotTable {
  const plots = rows.map((row) => createPlot(row, signal));
  return {
    elements: plots.map(({ element }) => element),
    update(data) {
      for (const plot of plots) plot.update(data);
    },
  };
}

export function perSecond(value: number): string {
  return `${rate(value)}/s`;
}

/** Answers by class of status; the server and the client view have the same columns. */
export const answerLines: readonly Line[] = [
  { column: 'ok', label: 'answered', colour: '--blue', filled: true },
  { column: 'client', label: '4xx', colour: '--amber' },
  { column: 'shed', label: '429', colour: '--violet' },
  { column: 'failed', label: '5xx', colour: '--red' },
];

/** Latency spans several orders of magnitude. */
export const latencyScale = { format: seconds, formatAxis: tick, logarithmic: true } as const;

export const p50: Line = { column: 'p50', label: 'p50', colour: '--blue' };
export const p95: Line = { column: 'p95', label: 'p95', colour: '--violet' };
export const p99: Line = { column: 'p99', label: 'p99', colour: '--red' };
