import type { FaultState } from '../api-types.ts';
import { call, messageOf, repeat } from './api.ts';
import { type Band, createBand, faultBand } from './band.ts';
import { createGatewaySettings } from './gateway-settings.ts';
import { h, setText } from './h.ts';
import type { Live } from './live.ts';
import { createNetworkPanel, type ProxyChange } from './network-panel.ts';
import { showScenarios } from './scenario-buttons.ts';
import type { CreateView, Page } from './view.ts';

const interval = 1000;
/** Milliseconds that the band shows. */
const shown = 5 * 60_000;

/** Switches for every fault around the service: scenarios, single settings and one button that restores all. */
export function faultsView(live: Live): CreateView {
  return (_address, page) => {
    const band = createBand('Faults');
    const panel = createFaultPanel((change) => void act(() => sendChange(change)));

    async function act(action: () => Promise<FaultState>): Promise<void> {
      page.say('');
      try {
        panel.update(await action());
        await live.refresh();
      } catch (error) {
        page.say(messageOf(error));
      }
    }

    async function load(): Promise<void> {
      try {
        panel.update(await call<FaultState>('GET', '/api/faults'));
        page.notify('');
      } catch (error) {
        page.notify(messageOf(error));
      }
    }

    repeat(load, interval, page.signal);
    followFaults(band, live, page);
    return {
      title: 'Faults',
      element: h(
        'div',
        { class: 'page' },
        h('div', { class: 'heading' }, h('h1', {}, 'Faults'), panel.restore),
        h('div', { class: 'plots' }, band.element),
        panel.body,
      ),
    };
  };
}

type Change = { kind: 'gateway'; settings: object } | ProxyChange | { kind: 'restore' };

function sendChange(change: Change): Promise<FaultState> {
  switch (change.kind) {
    case 'gateway':
      return call('PUT', '/api/faults', change.settings);
    case 'proxy':
      return call('PUT', `/api/network/${change.name}`, change.settings);
    case 'restore':
      return call('DELETE', '/api/faults');
    default:
      return change satisfies never;
  }
}

interface FaultPanel {
  restore: HTMLElement;
  body: HTMLElement;
  update(state: FaultState): void;
}

function createFaultPanel(change: (change: Change) => void): FaultPanel {
  const gatewayScenarios = h('div', { class: 'scenarios' });
  const network = createNetworkPanel(change);
  const gateway = createGatewaySettings((settings) => change({ kind: 'gateway', settings }));
  const noGateway = h('p', { class: 'empty', hidden: true });
  const restore = h(
    'button',
    { type: 'button', class: 'restore large', on: { click: () => change({ kind: 'restore' }) } },
    'Restore',
  );

  // Shown as a whole, so that nothing moves while it loads.
  const body = h(
    'div',
    { class: 'page', hidden: true },
    noGateway,
    h('h2', {}, 'Payment gateway'),
    gatewayScenarios,
    ...network.scenarios,
    h('h2', {}, 'All settings of the payment gateway'),
    h(
      'p',
      { class: 'muted' },
      'Rates are shares of the requests, from 0 to 1. A change takes effect at once.',
    ),
    gateway.element,
    ...network.settings,
  );
  return {
    restore,
    body,
    update(state) {
      body.hidden = false;
      noGateway.hidden = state.unavailable === undefined;
      setText(noGateway, state.unavailable ?? '');
      restore.disabled = !hasFaults(state) && !network.isFaulty(state);
      gateway.update(state);
      network.update(state);
      showScenarios(
        gatewayScenarios,
        state.scenarios.map((each) => ({
          ...each,
          isOn: Object.entries(each.settings).every(([name, value]) => state.settings?.[name] === value),
          set: () => change({ kind: 'gateway', settings: each.settings }),
        })),
      );
    },
  };
}

/** Whether any setting differs from its default; without a simulator there are none. */
function hasFaults({ controls, settings }: FaultState): boolean {
  if (settings === undefined) return false;
  return controls.some(({ name, default: initial }) => (settings[name] ?? null) !== initial);
}

/** Keeps the band in step with the faults of the last minutes. */
function followFaults(band: Band, live: Live, page: Page): void {
  live.subscribe(() => {
    const to = live.latest?.now ?? Date.now();
    const range = page.range.current ?? { from: to - shown, to };
    band.update(faultBand({ faults: live.latest?.faults ?? [], to }), range);
  }, page.signal);
}
