import type { TrafficDetail } from '../api-types.ts';
import { h } from './h.ts';

/** What a user can ask for. Rates are visits per second. */
export interface TrafficActions {
  run(rate: number): void;
  stop(): void;
  burst(rate: number, seconds: number): void;
}

export interface TrafficControls {
  element: HTMLElement;
  /** The rate in the field. */
  rate(): number;
  update(detail: TrafficDetail): void;
}

const usualRates = [6, 20, 50, 100, 200];
const burst = { rate: 200, seconds: 10 };

/** Starts, changes and stops the traffic. */
export function createTrafficControls(actions: TrafficActions): TrafficControls {
  const speed = h('input', {
    type: 'number',
    min: 0,
    max: 500,
    step: 1,
    value: 20,
    'aria-label': 'Visits per second',
  });
  const stop = button('Stop', () => actions.stop());
  const element = h(
    'form',
    {
      class: 'controls',
      on: {
        submit: (event) => {
          event.preventDefault();
          actions.run(Number(speed.value));
        },
      },
    },
    h('label', {}, 'Visits per second ', speed),
    h('button', { type: 'submit', class: 'primary' }, 'Start'),
    stop,
    h(
      'span',
      { class: 'choice', role: 'group', 'aria-label': 'Usual rates' },
      ...usualRates.map((each) => button(`${each}/s`, () => actions.run(each))),
    ),
    button(`Burst: ${burst.rate}/s for ${burst.seconds} s`, () => actions.burst(burst.rate, burst.seconds)),
  );
  return {
    element,
    rate: () => Number(speed.value),
    update({ running, rate, burstUntil }) {
      stop.disabled = !running;
      // A field that has the focus keeps what the user types, and a burst ends by itself.
      if (document.activeElement !== speed && running && burstUntil === undefined) speed.value = String(rate);
    },
  };
}

function button(label: string, click: () => void): HTMLButtonElement {
  return h('button', { type: 'button', on: { click } }, label);
}
