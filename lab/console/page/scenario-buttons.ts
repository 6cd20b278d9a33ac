import { h, reconcile } from './h.ts';

export interface ScenarioButton {
  id: string;
  title: string;
  meaning: string;
  /** Whether exactly these settings are active. */
  isOn: boolean;
  set(): void;
}

/** Shows one button per scenario. */
export function showScenarios(parent: HTMLElement, scenarios: readonly ScenarioButton[]): void {
  reconcile(parent, scenarios, {
    key: ({ id }) => id,
    create: ({ title, meaning, isOn, set }) =>
      h(
        'button',
        { type: 'button', class: 'scenario', 'aria-pressed': String(isOn), on: { click: set } },
        h('strong', {}, title),
        h('span', {}, meaning),
      ),
    update: (button, { isOn }) => button.setAttribute('aria-pressed', String(isOn)),
  });
}
