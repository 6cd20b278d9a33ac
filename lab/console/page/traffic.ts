import type { TrafficDetail, TrafficState } from '../api-types.ts';
import { call, query, repeat } from './api.ts';
import { count, rate, seconds, tick } from './format.ts';
import { h } from './h.ts';
import type { Live } from './live.ts';
import { createMixForm } from './mix-form.ts';
import { createOutcomes } from './outcomes.ts';
import { createPlot } from './plot.ts';
import { createTimeline } from './timeline.ts';
import type { CreateView } from './view.ts';

const interval = 1000;
/** Milliseconds that the plots show. */
const shown = 5 * 60_000;
const rates = [6, 20, 50, 100, 200];
const burst = { rate: 200, seconds: 10 };

/** Customers to be sent to the service, and what they get to see. */
export function trafficView(live: Live): CreateView {
  return (_address, page) => {
    const { signal } = page;
    const timeline = createTimeline();
    const state = h('p', { class: 'traffic-state' }, ' ');
    const speed = h('input', {
      type: 'number',
      min: 0,
      max: 500,
      step: 1,
      value: 20,
      'aria-label': 'Visits a second',
    });
    const stop = h(
      'button',
      { type: 'button', on: { click: () => void act(() => call('DELETE', '/api/traffic')) } },
      'Stop',
    );
    const answers = createPlot(
      {
        title: 'Answers',
        height: 130,
        format: (value) => `${rate(value)}/s`,
        lines: [
          { column: 'ok', label: 'answered', colour: '--blue', filled: true },
          { column: 'client', label: '4xx', colour: '--amber' },
          { column: 'shed', label: '429', colour: '--violet' },
          { column: 'failed', label: '5xx', colour: '--red' },
          { column: 'unanswered', label: 'no answer', colour: '--grey' },
        ],
      },
      signal,
    );
    const waits = createPlot(
      {
        title: 'Time to answer',
        height: 160,
        format: seconds,
        formatAxis: tick,
        logarithmic: true,
        hasTimes: true,
        lines: [
          { column: 'p50', label: 'p50', colour: '--blue' },
          { column: 'p99', label: 'p99', colour: '--red' },
        ],
      },
      signal,
    );
    const outcomes = createOutcomes();
    const mix = createMixForm((weights) =>
      act(() => call('PUT', '/api/traffic', { rate: Number(speed.value), weights })),
    );

    async function act(action: () => Promise<TrafficState>): Promise<void> {
      try {
        await action();
        page.tell('');
        await Promise.all([load(), live.refresh()]);
      } catch (error) {
        page.tell(error instanceof Error ? error.message : String(error));
      }
    }

    async function load(): Promise<void> {
      try {
        const after = timeline.times.at(-1) ?? 0;
        show(await call<TrafficDetail>('GET', `/api/traffic${query({ after })}`));
      } catch (error) {
        page.tell(error instanceof Error ? error.message : String(error));
      }
    }

    function show(detail: TrafficDetail): void {
      timeline.add(detail.times, detail.columns);
      const to = live.latest?.now ?? Date.now();
      const faults = live.latest?.faults ?? [];
      const data = { times: timeline.times, columns: timeline.columns, faults, from: to - shown, to };
      answers.update(data);
      waits.update(data);
      outcomes.update(detail.outcomes);
      mix.update(detail.mix);
      stop.disabled = !detail.running;
      state.textContent = sentence(detail);
      if (document.activeElement !== speed && detail.running && detail.burstUntil === undefined)
        speed.value = String(detail.rate);
    }

    const run = (wanted: number) => act(() => call('PUT', '/api/traffic', { rate: wanted }));
    repeat(load, interval, signal);
    return {
      title: 'Traffic',
      element: h(
        'div',
        { class: 'page' },
        h('div', { class: 'heading' }, h('h1', {}, 'Traffic'), state),
        h(
          'form',
          {
            class: 'controls',
            on: {
              submit: (event) => {
                event.preventDefault();
                void run(Number(speed.value));
              },
            },
          },
          h('label', {}, 'Visits a second ', speed),
          h('button', { type: 'submit', class: 'primary' }, 'Start'),
          stop,
          h(
            'span',
            { class: 'choice', role: 'group', 'aria-label': 'Usual rates' },
            ...rates.map((each) =>
              h('button', { type: 'button', on: { click: () => void run(each) } }, `${each}/s`),
            ),
          ),
          h(
            'button',
            {
              type: 'button',
              on: { click: () => void act(() => call('POST', '/api/traffic/burst', burst)) },
            },
            `Burst: ${burst.rate}/s for ${burst.seconds} s`,
          ),
        ),
        h('div', { class: 'plots' }, answers.element, waits.element),
        h('div', { class: 'columns' }, outcomes.element, mix.element),
      ),
    };
  };
}

function sentence({
  running,
  rate: perSecond,
  burstUntil,
  underWay,
  skipped,
  unavailable,
}: TrafficDetail): string {
  if (unavailable !== undefined) return unavailable;
  if (!running) return 'Nobody comes. Visits come at random, whether or not the service keeps up.';
  const left =
    burstUntil === undefined
      ? ''
      : `, a burst for another ${Math.max(Math.ceil((burstUntil - Date.now()) / 1000), 0)} s`;
  const lost = skipped > 0 ? `; ${count(skipped)} did not take place, because too many were under way` : '';
  return `${rate(perSecond)} visits a second${left}; ${count(underWay)} under way${lost}.`;
}
