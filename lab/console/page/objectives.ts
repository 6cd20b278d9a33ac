import type { AlertsState, Objective } from '../alert-types.ts';
import type { FaultWindow } from '../api-types.ts';
import { rate, toTheSecond } from './format.ts';
import { h, reconcile, setText } from './h.ts';
import { createPlot, type Plot } from './plot.ts';
import { createTimeAxis } from './time-axis.ts';
import type { Page } from './view.ts';

const lines = [
  { column: '5m', label: '5 minutes', colour: '--blue' },
  { column: '1h', label: '1 hour', colour: '--violet' },
  { column: 'limit', label: 'fast alert above', colour: '--red', dashed: true },
];

const wordsOfUnit: Readonly<Record<string, string>> = { m: 'min', h: 'h', d: 'd' };

/** One card per objective with its budget and its burn rates, and their plots. */
export function createObjectives(page: Page): {
  elements: readonly HTMLElement[];
  update(state: AlertsState, faults: readonly FaultWindow[]): void;
} {
  const cards = h('div', { class: 'objectives' });
  const note = h('p', { class: 'muted' });
  const drawn = h('div', { class: 'plots' });
  const elements = [h('h2', {}, 'Objectives'), note, cards, drawn];
  const plots = new Map<string, Plot>();
  const axis = createTimeAxis(page.signal);

  function showPlots(state: AlertsState, faults: readonly FaultWindow[]): void {
    const { objectives, now, source } = state;
    for (const { name } of objectives) {
      if (plots.has(name)) continue;
      const options = { title: name, lines, height: 100, scale: 'count', format: burnRate } as const;
      plots.set(name, createPlot(options, page));
    }
    if (drawn.childElementCount === 0)
      drawn.append(...objectives.flatMap(({ name }) => plots.get(name)?.element ?? []), axis.element);
    const scale = source.kind === 'console' ? source.timeScale : 1;
    const range = page.range.current ?? { from: now - 3_600_000 / scale, to: now };
    for (const { name, times, columns, burnRates } of objectives) {
      const limit = burnRates.find(({ window }) => window === '1h')?.limits[0]?.rate ?? null;
      const all = { ...columns, limit: times.map(() => limit) };
      plots.get(name)?.update({ times, columns: new Map(Object.entries(all)), faults, ...range });
    }
    axis.update(range);
  }

  for (const each of elements) each.hidden = true;
  return {
    elements,
    update(state, faults) {
      const { objectives, source } = state;
      for (const each of elements) each.hidden = objectives.length === 0;
      if (objectives.length === 0) return;
      const since = source.kind === 'console' ? source.since : null;
      setText(
        note,
        'A burn rate of 1 spends the error budget in 30 days.' +
          (since === null
            ? ''
            : ` The console has counted since ${toTheSecond(since)}: longer windows, and the budget, cover that time alone.`),
      );
      reconcile(cards, objectives, {
        key: ({ name }) => name,
        create: (each) => {
          const card = h('div', { class: 'card' });
          fill(card, each);
          return card;
        },
        update: fill,
      });
      showPlots(state, faults);
    },
  };
}

function fill(card: HTMLElement, { name, target, left, events, burnRates }: Objective): void {
  const tone = left === null || left >= 0.25 ? '' : left <= 0 ? 'bad' : 'warn';
  card.replaceChildren(
    h('h3', {}, name),
    h('p', { class: `figure ${tone}` }, left === null ? '–' : `${percentLeft(left)} left`),
    h('meter', {
      min: 0,
      max: 1,
      low: 0.25,
      high: 0.5,
      optimum: 1,
      value: Math.min(Math.max(left ?? 0, 0), 1),
      'aria-label': `Error budget left of ${name}`,
    }),
    h(
      'p',
      { class: 'muted' },
      target === null
        ? 'No data yet: the rules need half a minute of metrics.'
        : `of the error budget${left !== null && left < 0 ? `, which is spent ${burnRate(1 - left)} times over` : ''}. ` +
            `${share(target)} must be good; ${events ? `${rate(events)}/s counted` : 'nothing to count now'}.`,
    ),
    tableOf(name, burnRates),
  );
}

function tableOf(name: string, burnRates: Objective['burnRates']): HTMLElement {
  const number = (title: string) => h('th', { class: 'number' }, title);
  return h(
    'table',
    { class: 'outcomes' },
    h('caption', { class: 'unseen' }, `Burn rates of ${name}`),
    h('thead', {}, h('tr', {}, h('th', {}, 'Window'), number('Burn rate'), number('Alert above'))),
    h(
      'tbody',
      {},
      ...burnRates.map((each) => {
        const least = Math.min(...each.limits.map((limit) => limit.rate));
        const isOver = each.rate !== null && each.rate > least;
        return h(
          'tr',
          {},
          h(
            'td',
            {},
            each.window.replace(/[mhd]$/, (unit) => ` ${wordsOfUnit[unit] ?? unit}`),
          ),
          h('td', { class: `number ${isOver ? 'bad' : ''}` }, each.rate === null ? '–' : burnRate(each.rate)),
          h(
            'td',
            { class: 'number muted' },
            each.limits.map((limit) => burnRate(limit.rate)).join(', ') || '–',
          ),
        );
      }),
    ),
  );
}

/** Rounded down, since a budget that was touched is not whole. */
function percentLeft(left: number): string {
  const whole = Math.floor(Math.max(left, 0) * 1000) / 10;
  return `${whole.toLocaleString('en', { maximumFractionDigits: 1 })} %`;
}

const share = (value: number) => `${(value * 100).toLocaleString('en', { maximumFractionDigits: 3 })} %`;

function burnRate(value: number): string {
  if (value > 0 && value < 0.05) return '<0.1';
  return value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 });
}
