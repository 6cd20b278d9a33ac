import type { FaultState, Knob } from '../page-api.ts';
import { call, repeat } from './api.ts';
import { createBand, faultBand } from './band.ts';
import { h } from './h.ts';
import type { Live } from './live.ts';
import type { CreateView } from './view.ts';

const interval = 1000;
/** Milliseconds that the band shows. */
const shown = 5 * 60_000;

/** Everything that can go wrong at the payment gateway, to be switched on. */
export function faultsView(live: Live): CreateView {
  return (_address, page) => {
    const scenarios = h('div', { class: 'scenarios' });
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

    function build(state: FaultState): void {
      const buttons = state.scenarios.map(({ id, title, meaning, settings: wanted }) =>
        h(
          'button',
          {
            type: 'button',
            class: 'scenario',
            'data-id': id,
            on: { click: () => void act(() => call('PUT', '/api/faults', wanted)) },
          },
          h('strong', {}, title),
          h('span', {}, meaning),
        ),
      );
      scenarios.replaceChildren(...buttons);
      knobs.replaceChildren(...state.knobs.map((knob) => knobOf(knob)));
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
      void act(() => call('PUT', '/api/faults', { ...settings, [name]: value }));
    }

    function show(state: FaultState): void {
      if (scenarios.childElementCount === 0) build(state);
      unavailable.hidden = state.unavailable === undefined;
      unavailable.textContent = state.unavailable ?? '';
      settings = state.settings ?? {};
      let broken = false;
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
      for (const { id, settings: wanted } of state.scenarios) {
        const button = scenarios.querySelector(`[data-id="${id}"]`);
        const isOn = Object.entries(wanted).every(([name, value]) => settings[name] === value);
        button?.setAttribute('aria-pressed', String(isOn));
      }
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
        h('div', { class: 'heading' }, h('h1', {}, 'Payment gateway'), restore),
        h('div', { class: 'plots' }, band.element),
        unavailable,
        h('h2', {}, 'Scenarios'),
        scenarios,
        h('h2', {}, 'Every knob'),
        h(
          'p',
          { class: 'muted' },
          'Rates are shares of the requests, from 0 to 1. A change is in force at once.',
        ),
        knobs,
      ),
    };
  };
}
