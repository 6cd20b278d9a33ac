import type { FaultState, Control, ProxySettings } from '../api-types.ts';
import { call, repeat } from './api.ts';
import { createBand, faultBand } from './band.ts';
import { h } from './h.ts';
import type { Live } from './live.ts';
import { showScenarios } from './scenario-buttons.ts';
import type { CreateView } from './view.ts';
import { showNetwork } from './network-settings.ts';

const interval = 1000;
/** Milliseconds that the band shows. */
const shown = 5 * 60_000;

/** Everything that can go wrong around the service, to be switched on. */
export function faultsView(live: Live): CreateView {
  return (_address, page) => {
    const scenarios = h('div', { class: 'scenarios' });
    const networkScenarios = h('div', { class: 'scenarios' });
    const network = h('div', { class: 'network' });
    const unwired = h(
      'p',
      { class: 'empty' },
      'There are no wires to break: npm start puts them between the service and what it depends on.',
    );
    const controls = h('div', { class: 'settings' });
    const unavailable = h('p', { class: 'empty', hidden: true });
    const restore = h(
      'button',
      {
        type: 'button',
        class: 'restore large',
        on: { click: () => void act(() => call('DELETE', '/api/faults')) },
      },
      'Restore',
    );
    const band = createBand('Faults');
    const inputs = new Map<string, HTMLInputElement>();
    let settings: Record<string, number | null> = {};

    async function act(action: () => Promise<FaultState>): Promise<void> {
      try {
        show(await action());
        page.tell('');
        await live.refresh();
      } catch (error) {
        page.tell(error instanceof Error ? error.message : String(error));
      }
    }

    function setGateway(wanted: object): void {
      void act(() => call('PUT', '/api/faults', wanted));
    }

    function setProxy(name: string, { enabled, toxics }: ProxySettings): void {
      void act(() => call('PUT', `/api/wires/${name}`, { enabled, toxics }));
    }

    function controlOf(control: Control): HTMLElement {
      const input = h('input', {
        type: 'number',
        min: 0,
        max: control.maximum,
        step: control.form === 'rate' ? 0.05 : 1,
        placeholder: control.form === 'seed' ? 'anew' : undefined,
        'aria-label': control.name,
        on: { change: () => turn(control.name, input) },
      });
      inputs.set(control.name, input);
      return h(
        'label',
        { class: 'setting' },
        h('code', {}, control.name),
        input,
        h('span', { class: 'muted' }, control.meaning),
      );
    }

    function turn(name: string, input: HTMLInputElement): void {
      const value = input.value === '' ? null : Number(input.value);
      setGateway({ ...settings, [name]: value });
    }

    function show(state: FaultState): void {
      if (controls.childElementCount === 0)
        controls.append(...state.controls.map((control) => controlOf(control)));
      unavailable.hidden = state.unavailable === undefined;
      unavailable.textContent = state.unavailable ?? '';
      settings = state.settings ?? {};
      let broken = state.network.some(({ enabled, toxics }) => !enabled || toxics.length > 0);
      for (const { name, default: initial } of state.controls) {
        const value = settings[name] ?? null;
        const input = inputs.get(name);
        if (!input) continue;
        input.disabled = state.settings === undefined;
        if (document.activeElement !== input) input.value = value === null ? '' : String(value);
        input.closest('label')?.classList.toggle('set', value !== initial);
        if (value !== initial) broken = true;
      }
      restore.disabled = !broken;
      showScenarios(
        scenarios,
        state.scenarios.map((each) => ({
          ...each,
          isOn: Object.entries(each.settings).every(([name, value]) => settings[name] === value),
          set: () => setGateway(each.settings),
        })),
      );
      showScenarios(
        networkScenarios,
        state.networkScenarios.map((each) => ({
          ...each,
          isOn: state.network.some(({ scenario }) => scenario === each.id),
          set: () => setProxy(each.proxy, each),
        })),
      );
      showNetwork(network, state, ({ name }, wanted) => setProxy(name, wanted));
      unwired.hidden = state.network.length > 0;
    }

    repeat(() => act(() => call('GET', '/api/faults')), interval, page.signal);
    live.subscribe(() => {
      const to = live.latest?.now ?? Date.now();
      band.update(faultBand({ faults: live.latest?.faults ?? [], to }), { from: to - shown, to });
    }, page.signal);

    return {
      title: 'Faults',
      element: h(
        'div',
        { class: 'page' },
        h('div', { class: 'heading' }, h('h1', {}, 'Faults'), restore),
        h('div', { class: 'plots' }, band.element),
        unavailable,
        h('h2', {}, 'Payment gateway'),
        scenarios,
        h('h2', {}, 'Network'),
        unwired,
        networkScenarios,
        h('h2', {}, 'Every knob of the payment gateway'),
        h(
          'p',
          { class: 'muted' },
          'Rates are shares of the requests, from 0 to 1. A change is in force at once.',
        ),
        controls,
        h('h2', {}, 'Every knob of the network'),
        h(
          'p',
          { class: 'muted' },
          'Of each wire, in the names and units of Toxiproxy. A field that is empty is off.',
        ),
        network,
      ),
    };
  };
}
