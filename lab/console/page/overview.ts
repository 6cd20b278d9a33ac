import { h } from './h.ts';
import { breakItBar } from './break-it.ts';
import { createExemplarDots } from './exemplar-dots.ts';
import { count, rate, seconds, tick } from './format.ts';
import { breakerBands, createBand, faultBand } from './band.ts';
import type { Live } from './live.ts';
import { createPlot, type PlotData } from './plot.ts';
import { createTiles } from './tiles.ts';
import { createWindowChoice } from './window-choice.ts';
import { createWorthALook } from './worth-a-look.ts';
import type { CreateView } from './view.ts';

/** Everything at a glance, each plot over the same time: what was set to break, and what came of it. */
export function overviewView(live: Live): CreateView {
  return (_address, page) => {
    const { signal } = page;
    const tiles = createTiles();
    const choice = createWindowChoice(() => update());
    const faults = createBand('Faults');
    const breakers = h('div', { class: 'bands' });
    const dots = createExemplarDots(live, page);
    const plots = [
      createPlot(
        {
          title: 'Requests',
          height: 100,
          format: (value) => `${rate(value)}/s`,
          lines: [
            { column: 'ok', label: 'answered', colour: '--blue', filled: true },
            { column: 'client', label: '4xx', colour: '--amber' },
            { column: 'shed', label: '429', colour: '--violet' },
            { column: 'failed', label: '5xx', colour: '--red' },
          ],
        },
        signal,
      ),
      createPlot(
        {
          title: 'Latency',
          height: 132,
          format: seconds,
          formatAxis: tick,
          logarithmic: true,
          over: dots,
          lines: [
            { column: 'p50', label: 'p50', colour: '--blue' },
            { column: 'p95', label: 'p95', colour: '--violet' },
            { column: 'p99', label: 'p99', colour: '--red' },
          ],
        },
        signal,
      ),
      createPlot(
        {
          title: 'At work',
          height: 82,
          format: count,
          lines: [
            { column: 'inFlight', label: 'in flight', colour: '--blue', filled: true },
            { column: 'limit', label: 'limit', colour: '--grey', dashed: true },
            { column: 'queued', label: 'waiting', colour: '--amber' },
          ],
        },
        signal,
      ),
      createPlot(
        {
          title: 'Payment attempts',
          height: 72,
          format: (value) => `${rate(value)}/s`,
          lines: [
            { column: 'retries', label: 'retries', colour: '--amber' },
            { column: 'rejected', label: 'turned away', colour: '--red' },
          ],
        },
        signal,
      ),
      createPlot(
        {
          title: 'Pending orders',
          height: 72,
          format: count,
          lines: [{ column: 'pending', label: 'pending', colour: '--violet', filled: true }],
        },
        signal,
      ),
      createPlot(
        {
          title: 'Orders',
          height: 104,
          format: (value) => `${rate(value)}/s`,
          hasTimes: true,
          lines: [
            { column: 'paid', label: 'paid', colour: '--green', filled: true },
            { column: 'declined', label: 'declined', colour: '--amber' },
            { column: 'cancelled', label: 'cancelled', colour: '--grey' },
          ],
        },
        signal,
      ),
    ];
    const worthALook = createWorthALook(live);

    function update(): void {
      const to = live.latest?.now ?? Date.now();
      const data: PlotData = {
        times: live.times,
        columns: live.columns,
        faults: live.latest?.faults ?? [],
        from: to - choice.length(),
        to,
      };
      tiles.update(live);
      faults.update(faultBand(data), data);
      breakerBands(breakers, data);
      for (const plot of plots) plot.update(data);
      worthALook.update(data.from);
    }
    live.subscribe(update, signal);

    const element = h(
      'div',
      { class: 'overview' },
      h('h1', { class: 'unseen' }, 'Overview'),
      h('div', { class: 'bar' }, breakItBar(live, page), choice.element),
      tiles.element,
      h('div', { class: 'plots' }, faults.element, breakers, ...plots.map((plot) => plot.element)),
      worthALook.element,
    );
    return { title: 'Overview', element };
  };
}
