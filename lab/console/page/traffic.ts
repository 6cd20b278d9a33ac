import type { TrafficDetail, TrafficState } from '../api-types.ts';
import { call, messageOf, query, repeat } from './api.ts';
import { count, rate } from './format.ts';
import { h, setText } from './h.ts';
import type { Live } from './live.ts';
import { createMixForm } from './mix-form.ts';
import { createOutcomes } from './outcomes.ts';
import { answerLines, createPlotTable, latencyScale, p50, p99, rateScale } from './plot-table.ts';
import type { PlotOptions } from './plot.ts';
import { createTimeline } from './timeline.ts';
import { createTrafficControls } from './traffic-controls.ts';
import type { CreateView } from './view.ts';

const interval = 1000;
/** Milliseconds that the plots show. */
const shown = 5 * 60_000;

const plotRows: readonly PlotOptions[] = [
  {
    title: 'Answers',
    height: 130,
    ...rateScale,
    lines: [...answerLines, { column: 'unanswered', label: 'no answer', colour: '--grey' }],
  },
  { title: 'Time to answer', height: 160, ...latencyScale, lines: [p50, p99] },
];

/** Simulated customers: their rate, their mix, and the answers that they get. */
export function trafficView(live: Live): CreateView {
  return (_address, page) => {
    const timeline = createTimeline();
    const state = h('p', { class: 'traffic-state' }, ' ');
    const plots = createPlotTable(plotRows, page);
    const outcomes = createOutcomes();
    const controls = createTrafficControls({
      run: (wanted) => void act(() => call('PUT', '/api/traffic', { rate: wanted })),
      stop: () => void act(() => call('DELETE', '/api/traffic')),
      burst: (wanted, seconds) =>
        void act(() => call('POST', '/api/traffic/burst', { rate: wanted, seconds })),
    });
    const mix = createMixForm((weights) =>
      act(() => call('PUT', '/api/traffic', { rate: controls.rate(), weights })),
    );

    async function act(action: () => Promise<TrafficState>): Promise<void> {
      page.say('');
      try {
        await action();
        await Promise.all([load(), live.refresh()]);
      } catch (error) {
        page.say(messageOf(error));
      }
    }

    async function load(): Promise<void> {
      try {
        const after = timeline.times.at(-1) ?? 0;
        show(await call<TrafficDetail>('GET', `/api/traffic${query({ after })}`));
        page.notify('');
      } catch (error) {
        page.notify(messageOf(error));
      }
    }

    function show(detail: TrafficDetail): void {
      timeline.add(detail.times, detail.columns);
      const to = live.latest?.now ?? Date.now();
      const faults = live.latest?.faults ?? [];
      const range = page.range.current ?? { from: to - shown, to };
      plots.update({ times: timeline.times, columns: timeline.columns, faults, ...range });
      outcomes.update(detail.outcomes);
      mix.update(detail.mix);
      controls.update(detail);
      setText(state, sentence(detail));
    }

    repeat(load, interval, page.signal);
    return {
      title: 'Traffic',
      element: h(
        'div',
        { class: 'page' },
        h('div', { class: 'heading' }, h('h1', {}, 'Traffic'), state),
        controls.element,
        h('div', { class: 'plots' }, ...plots.elements),
        h('div', { class: 'columns' }, outcomes.element, mix.element),
      ),
    };
  };
}

function sentence({
  running,
  rate: current,
  burstUntil,
  underWay,
  skipped,
  unavailable,
}: TrafficDetail): string {
  if (unavailable !== undefined) return unavailable;
  if (!running) return 'No traffic. Visits arrive at random, whether or not the service keeps up.';
  const burst =
    burstUntil === undefined
      ? ''
      : `, in a burst for another ${Math.max(Math.ceil((burstUntil - Date.now()) / 1000), 0)} s`;
  const lost = skipped > 0 ? `; ${count(skipped)} skipped, because too many were in progress` : '';
  return `${rate(current)} visits per second${burst}; ${count(underWay)} in progress${lost}.`;
}
