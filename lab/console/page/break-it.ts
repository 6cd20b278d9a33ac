import type { FaultState, TrafficState } from '../api-types.ts';
import { call, messageOf } from './api.ts';
import { rate } from './format.ts';
import { h, setText } from './h.ts';
import type { Live } from './live.ts';
import type { Page } from './view.ts';

/** Visits per second that the button starts: enough for lively plots, few enough for a laptop. */
const usualRate = 20;
/** Scenarios with a button on the overview; the faults view has all of them. */
const most = 3;

/** The shortest demonstration: start traffic, break the gateway, restore it. */
export function breakItBar(live: Live, page: Page): HTMLElement {
  const traffic = h('button', { type: 'button', class: 'primary', on: { click: toggle } }, 'Start traffic');
  const scenarios = h('span', { class: 'buttons' });
  const restore = h(
    'button',
    { type: 'button', class: 'restore', on: { click: () => act(() => call('DELETE', '/api/faults')) } },
    'Restore',
  );

  function act(action: () => Promise<unknown>): void {
    page.say('');
    action()
      .then(() => live.refresh())
      .catch((error: unknown) => page.say(messageOf(error)));
  }

  function toggle(): void {
    const isRunning = (live.latest?.traffic.rate ?? 0) > 0;
    act(() =>
      isRunning
        ? call<TrafficState>('DELETE', '/api/traffic')
        : call<TrafficState>('PUT', '/api/traffic', { rate: usualRate }),
    );
  }

  async function offerScenarios(): Promise<void> {
    const state = await call<FaultState>('GET', '/api/faults');
    const buttons = state.scenarios.slice(0, most).map(({ title, meaning, settings }) =>
      h(
        'button',
        {
          type: 'button',
          class: 'break',
          title: meaning,
          on: { click: () => act(() => call('PUT', '/api/faults', settings)) },
        },
        title,
      ),
    );
    scenarios.replaceChildren(...buttons);
  }

  offerScenarios().catch((error: unknown) => page.notify(String(error)));
  live.subscribe(() => {
    const running = live.latest?.traffic.rate ?? 0;
    const text = running > 0 ? 'Stop traffic' : `Start traffic, ${rate(usualRate)}/s`;
    setText(traffic, text);
    restore.disabled = !live.latest?.faults.some(({ to }) => to === undefined);
  }, page.signal);

  return h('div', { class: 'break-it' }, traffic, restore, scenarios);
}
