import { h, reconcile } from './h.ts';
import { axisWidth, rightPadding } from './plot-axes.ts';
import type { PlotData } from './plot.ts';
import { timeLabel, timeTicks } from './ticks.ts';

export interface TimeAxis {
  element: HTMLElement;
  update(shown: Pick<PlotData, 'from' | 'to'>): void;
}

/** The times below a group of plots, as text: the ticks are those of the plots' vertical lines. */
export function createTimeAxis(signal: AbortSignal): TimeAxis {
  const lane = h('div', {
    class: 'times',
    style: { 'margin-left': `${axisWidth}px`, 'margin-right': `${rightPadding}px` },
  });
  let period = { from: 0, to: 0 };
  let width = 0;

  function show(): void {
    reconcile(lane, timeTicks(period, width), {
      key: (time) => String(time),
      create: (time) => place(h('span', {}, timeLabel(time)), time),
      update: (label, time) => void place(label, time),
    });
  }

  function place(label: HTMLElement, time: number): HTMLElement {
    const share = (time - period.from) / (period.to - period.from);
    label.style.setProperty('left', `${(share * 100).toFixed(3)}%`);
    return label;
  }

  const resize = new ResizeObserver(([entry]) => {
    width = entry?.contentRect.width ?? 0;
    show();
  });
  resize.observe(lane);
  signal.addEventListener('abort', () => resize.disconnect());
  return {
    element: h('div', { class: 'time-axis' }, h('span', { class: 'muted' }, 'Time'), lane),
    update({ from, to }) {
      period = { from, to };
      show();
    },
  };
}
