import { h } from './h.ts';
import { hasKeyboard } from './key-hints.ts';

const keys: ReadonlyArray<readonly [key: string, meaning: string]> = [
  ['/', 'focus the search'],
  ['1 … 9, 0, -', 'open a view, in the order of the header'],
  ['j, k or ↓, ↑', 'select the next or the previous row'],
  ['enter', 'open the selected row'],
  ['p', 'pause a list, or go on'],
  ['esc', 'clear the time range or the selection, or go back'],
  ['←, →', 'in a plot: one second back or on; home and end, page up and page down'],
  ['space', 'in a plot: begins a time range, and ends it at another second'],
  ['?', 'this help'],
];

const facts: ReadonlyArray<readonly [what: string, meaning: string]> = [
  ['Shading', 'a fault was set at that time, in the gateway or in the network'],
  ['Dots', 'single requests in the latency plot; a click opens the trace'],
  [
    'Drag over a plot',
    'narrows all plots, the traces and the log lines to that time, until you clear the range',
  ],
  ['Red in a trace', 'the span failed; a 4xx answer is no failure'],
  ['Black line in a trace', 'the critical path: what the whole request waited for'],
];

/** What the page can do, in a dialog. */
export function createHelp(): { element: HTMLDialogElement; show(): void } {
  const close = h(
    'button',
    { type: 'button', class: 'primary', on: { click: () => element.close() } },
    'Close',
  );
  const element = h(
    'dialog',
    { class: 'help', 'aria-labelledby': 'help-title' },
    h('h2', { id: 'help-title' }, 'Help'),
    hasKeyboard() && table('Keys', keys),
    table('What you see', facts),
    close,
  );
  return {
    element,
    show() {
      if (!element.open) element.showModal();
    },
  };
}

function table(title: string, rows: typeof keys): HTMLElement {
  return h(
    'section',
    {},
    h('h3', {}, title),
    h(
      'dl',
      { class: 'help-rows' },
      ...rows.flatMap(([name, meaning]) => [h('dt', {}, name), h('dd', {}, meaning)]),
    ),
  );
}
