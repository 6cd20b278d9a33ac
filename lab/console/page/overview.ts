import { breakerBands, createBand, faultBand } from './band.ts';
import { breakItBar } from './break-it.ts';
import { domainPlots } from './domain-plots.ts';
import { createExemplarDots } from './exemplar-dots.ts';
import { h } from './h.ts';
import type { Live } from './live.ts';
import {
  answerLines,
  countScale,
  createPlotTable,
  latencyScale,
  p50,
  p95,
  p99,
  rateScale,
} from './plot-table.ts';
import type { Overlay, PlotData, PlotOptions } from './plot.ts';
import { createTiles } from './tiles.ts';
import type { CreateView } from './view.ts';
import { createWindowChoice } from './window-choice.ts';
import { createWorthALook } from './worth-a-look.ts';

/** Everything at a glance, each plot over the same time: the faults that were set, and their effects. */
export function overviewView(live: Live): CreateView {
  return (address, page) => {
    const tiles = createTiles();
    const choice = createWindowChoice({ address, page }, () => update());
    const faults = createBand('Faults');
    const breakers = h('div', { class: 'bands' });
    const plots = createPlotTable(plotsOf(createExemplarDots(live, page)), page);
    const worthALook = createWorthALook(live);

    function update(): void {
      const to = live.latest?.now ?? Date.now();
      const data: PlotData = {
        times: live.times,
        columns: live.columns,
        faults: live.latest?.faults ?? [],
        ...(page.range.current ?? { from: to - choice.length(), to }),
      };
      tiles.update(live);
      faults.update(faultBand(data), data);
      breakerBands(breakers, data);
      plots.update(data);
      worthALook.update(data);
    }
    live.subscribe(update, page.signal);
    page.range.subscribe(update, page.signal);

    return {
      title: 'Overview',
      element: h(
        'div',
        { class: 'overview' },
        h('h1', { class: 'unseen' }, 'Overview'),
        h('div', { class: 'bar' }, breakItBar(live, page), choice.element),
        tiles.element,
        h('div', { class: 'plots' }, faults.element, breakers, ...plots.elements),
        worthALook.element,
      ),
    };
  };
}

function plotsOf(dots: Overlay): readonly PlotOptions[] {
  return [
    { title: 'Requests', height: 100, ...rateScale, lines: answerLines },
    { title: 'Latency', height: 132, ...latencyScale, over: dots, lines: [p50, p95, p99] },
    {
      title: 'Concurrency',
      height: 82,
      ...countScale,
      lines: [
        { column: 'inFlight', label: 'in flight', colour: '--blue', filled: true },
        { column: 'limit', label: 'limit', colour: '--grey', dashed: true },
        { column: 'queued', label: 'waiting', colour: '--amber' },
      ],
    },
    ...domainPlots,
  ];
}
