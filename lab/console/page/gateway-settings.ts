import type { Control, FaultState } from '../api-types.ts';
import { h } from './h.ts';

export type GatewaySettings = Record<string, number | null>;

export interface GatewaySettingsForm {
  element: HTMLElement;
  update(state: FaultState): void;
}

/** A field for every setting of the payment gateway. A field that has the focus keeps what the user types. */
export function createGatewaySettings(onChange: (settings: GatewaySettings) => void): GatewaySettingsForm {
  const element = h('div', { class: 'settings' });
  const fields = new Map<string, HTMLInputElement>();
  let settings: GatewaySettings = {};

  function fieldOf(control: Control): HTMLElement {
    const input = h('input', {
      type: 'number',
      min: 0,
      max: control.maximum,
      step: control.form === 'rate' ? 0.05 : 1,
      placeholder: control.form === 'seed' ? 'random' : undefined,
      'aria-label': control.name,
      on: { change: () => onChange({ ...settings, [control.name]: numberOf(input) }) },
    });
    fields.set(control.name, input);
    return h(
      'label',
      { class: 'setting' },
      h('code', {}, control.name),
      input,
      h('span', { class: 'muted' }, control.meaning),
    );
  }

  return {
    element,
    update({ controls, settings: current }) {
      if (fields.size === 0) element.append(...controls.map((control) => fieldOf(control)));
      settings = current ?? {};
      for (const { name, default: initial } of controls) {
        const value = settings[name] ?? null;
        const input = fields.get(name);
        if (!input) continue;
        input.disabled = current === undefined;
        if (document.activeElement !== input) input.value = value === null ? '' : String(value);
        input.closest('label')?.classList.toggle('set', current !== undefined && value !== initial);
      }
    },
  };
}

function numberOf({ value }: HTMLInputElement): number | null {
  return value === '' ? null : Number(value);
}
