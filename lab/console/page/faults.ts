import type { FaultState, Knob, WireSettings } from '../api-types.ts';
import { call, repeat } from './api.ts';
import { createBand, faultBand } from './band.ts';
import { h } from './h.ts';
import type { Live } from './live.ts';
import { showScenarios } from './scenario-buttons.ts';
import type { CreateView } from './view.ts';
import { showWires } from './network-settings.ts';

const interval = 1000;
/** Milliseconds that the band shows. */
const shown = 5 * 60_000;

/** Everything that can go wrong around the service, to be switched on. */
export function faultsView(live: Live): CreateView {
  return (_address, page) => {
    const scenarios = h('div', { class: 'scenarios' });
    const wireScenarios = h('div', { class: 'scenarios' });
    const wires = h('div', { class: 'wires' });
    const unwired = h(
      'p',
      { class: 'empty' },
      'There are no wires to break: npm start puts them between the service and what it depends on.',
    );
    const knobs = h('div', { class: 'knobs' });
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

    function setWire(name: string, { enabled, toxics }: WireSettings): void {
      void act(() => call('PUT', `/api/wires/${name}`, { enabled, toxics }));
    }

    function knobOf(knob: Knob): HTMLElement {
      const input = h('input', {
        type: 'number',
        min: 0,
        max: knob.maximum,
        step: knob.form === 'rate' ? 0.05 : 1,
        placeholder: knob.form === 'seed' ? 'anew' : undefined,
        'aria-label': knob.name,
        on: { change: () => turn(knob.name, input) },
      });
      inputs.set(knob.name, input);
      return h(
        'label',
        { class: 'knob' },
        h('code', {}, knob.name),
        input,
        h('span', { class: 'muted' }, knob.meaning),
      );
    }

    function turn(name: string, input: HTMLInputElement): void {
      const value = input.value === '' ? null : Number(input.value);
      setGateway({ ...settings, [name]: value });
    }

    function show(state: FaultState): void {
      if (knobs.childElementCount === 0) knobs.append(...state.knobs.map((knob) => knobOf(knob)));
      unavailable.hidden = state.unavailable === undefined;
      unavailable.textContent = state.unavailable ?? '';
      settings = state.settings ?? {};
      let broken = state.wires.some(({ enabled, toxics }) => !enabled || toxics.length > 0);
      for (const { name, default: initial } of state.knobs) {
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
        wireScenarios,
        state.wireScenarios.map((each) => ({
          ...each,
          isOn: state.wires.some(({ scenario }) => scenario === each.id),
          set: () => setWire(each.wire, each),
        })),
      );
      showWires(wires, state, ({ name }, wanted) => setWire(name, wanted));
      unwired.hidden = state.wires.length > 0;
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
        wireScenarios,
        h('h2', {}, 'Every knob of the payment gateway'),
        h(
          'p',
          { class: 'muted' },
          'Rates are shares of the requests, from 0 to 1. A change is in force at once.',
        ),
        knobs,
        h('h2', {}, 'Every knob of the network'),
        h(
          'p',
          { class: 'muted' },
          'Of each wire, in the names and units of Toxiproxy. A field that is empty is off.',
        ),
        wires,
      ),
    };
  };
}
