import type { AlertRuleSummary, AlertsState } from '../alert-types.ts';
import { rank, sourceNote, stateBadge, timesOf } from './alert-parts.ts';
import { call, messageOf, query, repeat } from './api.ts';
import { roughly } from './format.ts';
import { h, reconcile } from './h.ts';
import type { Live } from './live.ts';
import { createObjectives } from './objectives.ts';
import { loadRunbook } from './runbook.ts';
import type { CreateView } from './view.ts';

const interval = 2000;

/** The objectives, and the alerts that are firing or pending now. */
export function alertsView(live: Live): CreateView {
  return (address, page) => {
    const source = address.query.get('source') ?? '';
    const wantedRunbook = address.query.get('runbook') ?? '';
    const objectives = createObjectives(page);
    const note = h('div', {});
    const calling = h('ul', { class: 'rows alerts' });
    const all = h('ul', { class: 'rows alerts all' });
    const noneCalling = h('p', { class: 'muted', hidden: true }, 'No alert is firing or pending.');
    // It scrolls, so that nothing below moves when alerts come and go.
    const callingBox = h(
      'div',
      { class: 'calling', role: 'region', 'aria-label': 'Alerts that are firing or pending', tabindex: 0 },
      noneCalling,
      calling,
    );
    const empty = h(
      'p',
      { class: 'empty', hidden: true },
      'This project has no alert rules in prometheus/rules.',
    );
    const runbook = h('section', { hidden: true });

    // Shown as a whole, so that nothing moves while it loads.
    const body = h(
      'div',
      { class: 'page', hidden: true },
      note,
      runbook,
      h('h2', {}, 'Firing and pending'),
      callingBox,
      ...objectives.elements,
      h('h2', {}, 'All rules'),
      empty,
      all,
    );

    async function load(): Promise<void> {
      try {
        show(await call<AlertsState>('GET', `/api/alerts${query({ source })}`));
        page.notify('');
      } catch (error) {
        page.notify(messageOf(error));
      }
    }

    function show(state: AlertsState): void {
      const { rules, now } = state;
      body.hidden = false;
      replace(note, sourceNote(state));
      empty.hidden = rules.length > 0;
      objectives.update(state, live.latest?.faults ?? []);
      const byName = rules.toSorted((a, b) => a.name.localeCompare(b.name));
      const isCalling = ({ state: own, severity }: AlertRuleSummary) =>
        severity !== 'heartbeat' && (own === 'firing' || own === 'pending');
      const worstFirst = byName.filter(isCalling).toSorted((a, b) => rank(a) - rank(b));
      showRules(calling, worstFirst, (rule) => activeOf(rule, now));
      showRules(all, byName, ruleText);
      noneCalling.hidden = rules.length === 0 || calling.childElementCount > 0;
    }

    function showRules(
      list: HTMLElement,
      rules: readonly AlertRuleSummary[],
      detailsOf: (rule: AlertRuleSummary) => HTMLElement[],
    ): void {
      reconcile(list, rules, {
        key: ({ name, severity, query: condition }) => `${name} ${severity} ${condition}`,
        create: (rule) => {
          const row = h('li', { class: 'row' });
          fillRow(row, rule, detailsOf(rule), source);
          return row;
        },
        update: (row, rule) => fillRow(row, rule, detailsOf(rule), source),
      });
    }

    async function showRunbook(): Promise<void> {
      try {
        runbook.replaceChildren(h('h2', {}, `Runbook: ${wantedRunbook}`), await loadRunbook(wantedRunbook));
      } catch (error) {
        runbook.replaceChildren(h('p', { class: 'empty' }, messageOf(error)));
      }
      runbook.hidden = false;
      runbook.scrollIntoView();
    }

    repeat(load, interval, page.signal);
    if (wantedRunbook !== '') void showRunbook();
    return {
      title: 'Alerts',
      element: h(
        'div',
        { class: 'page' },
        h('div', { class: 'heading' }, h('h1', {}, 'Objectives and alerts')),
        body,
      ),
      up: wantedRunbook === '' ? undefined : `/alerts${query({ source })}`,
    };
  };
}

/** Leaves an element alone that would not change, with its focus and whether it is open. */
function replace(place: HTMLElement, content: HTMLElement): void {
  if (place.firstElementChild?.textContent !== content.textContent) place.replaceChildren(content);
}

function activeOf({ name, active }: AlertRuleSummary, now: number): HTMLElement[] {
  return active.map((alert) =>
    h('span', {}, `${alert.annotations['summary'] ?? name}: `, h('em', {}, timesOf(alert, now))),
  );
}

/** One line that says the same while alerts come and go. */
function ruleText({ severity, state, reasons, holdFor }: AlertRuleSummary): HTMLElement[] {
  if (state === 'unevaluated') return [h('span', { title: reasons.join('\n') }, reasons.join(' '))];
  const text =
    severity === 'heartbeat'
      ? 'fires always, on purpose: its absence is the alarm'
      : holdFor === 0
        ? 'fires at once'
        : `fires after ${roughly(holdFor)}`;
  return [h('span', { class: 'muted' }, text)];
}

function fillRow(
  row: HTMLElement,
  rule: AlertRuleSummary,
  details: readonly HTMLElement[],
  source: string,
): void {
  const { name, severity } = rule;
  const content = [
    stateBadge(rule),
    h('a', { href: `/alerts/${encodeURIComponent(name)}${query({ source })}` }, name),
    h('span', { class: 'muted' }, severity),
    h('span', { class: 'alert-details' }, ...details),
  ];
  if (row.textContent === content.map((each) => each.textContent).join('')) return;
  // The link keeps the focus.
  const link = row.querySelector('a');
  if (link && content[1]?.getAttribute('href') === link.getAttribute('href')) {
    row.replaceChildren(...content.map((each, index) => (index === 1 ? link : each)));
  } else row.replaceChildren(...content);
}
