import type { ActiveAlert, AlertRuleSummary, AlertsState } from '../alert-types.ts';
import { sourceNote, stateBadge, timesOf } from './alert-parts.ts';
import { call, messageOf, query, repeat } from './api.ts';
import { copyButton } from './copy-button.ts';
import { inFull, roughly } from './format.ts';
import { fill, h, reconcile, setText } from './h.ts';
import { externalLink, loadRunbook } from './runbook.ts';
import type { CreateView } from './view.ts';

const interval = 2000;

/** The alerts of one name: what each says now, its condition, and the runbook. */
export const alertView: CreateView = (address, page) => {
  const source = address.query.get('source') ?? '';
  const badges = h('span', { class: 'badges' });
  const note = h('div', {});
  const parts = h('div', { class: 'page' });
  const known = new WeakMap<Element, RulePart>();
  // Shown as a whole, so that nothing moves while it loads.
  const body = h('div', { class: 'page', hidden: true }, note, parts);

  async function load(): Promise<void> {
    try {
      const state = await call<AlertsState>('GET', `/api/alerts${query({ source })}`);
      const rules = state.rules.filter(({ name }) => name === address.id);
      if (rules.length > 0) show(rules, state);
      page.notify(rules.length > 0 ? '' : `There is no alert named ${address.id}.`);
    } catch (error) {
      page.notify(messageOf(error));
    }
  }

  function show(rules: readonly AlertRuleSummary[], state: AlertsState): void {
    const isOne = rules.length === 1;
    fill(badges, ...rules.filter(() => isOne).flatMap(badgeOf));
    body.hidden = false;
    const newNote = sourceNote(state);
    if (note.textContent !== newNote.textContent) fill(note, newNote);
    reconcile(parts, rules, {
      key: ({ severity, query: condition }) => `${severity} ${condition}`,
      create(rule) {
        const part = createRulePart();
        known.set(part.element, part);
        part.update(rule, state.now, isOne);
        return part.element;
      },
      update: (element, rule) => known.get(element)?.update(rule, state.now, isOne),
    });
  }

  repeat(load, interval, page.signal);
  return {
    title: address.id,
    element: h(
      'div',
      { class: 'page alert' },
      h('div', { class: 'heading' }, h('h1', {}, address.id), badges),
      body,
    ),
    onKey(key) {
      if (key !== 'Escape') return false;
      page.go(`/alerts${query({ source })}`);
      return true;
    },
  };
};

const badgeOf = (rule: AlertRuleSummary): HTMLElement[] => [
  stateBadge(rule),
  h('span', { class: 'muted' }, ` ${rule.severity}`),
];

interface RulePart {
  element: HTMLElement;
  /** @param isOne whether no other rule has its name; otherwise it says which one it is */
  update(rule: AlertRuleSummary, now: number, isOne: boolean): void;
}

function createRulePart(): RulePart {
  const badges = h('p', {});
  // It scrolls, so that nothing below moves when the alert comes and goes.
  const active = h('div', { class: 'page active', role: 'region', 'aria-label': 'State', tabindex: 0 });
  const about = h('section', { class: 'page', 'aria-label': 'Rule' });
  const runbooks = h('section', { 'aria-label': 'Runbooks' });
  let shownRule = '';
  let shownActive = '';
  let shownRunbooks: string | undefined;

  async function showRunbooks(rule: AlertRuleSummary): Promise<void> {
    // The alerts that are active say which of several runbooks is meant.
    const named = rule.active.flatMap(
      ({ annotations }) => /\/([a-z0-9-]+)\.md$/.exec(annotations['runbook_url'] ?? '')?.[1] ?? [],
    );
    const wanted = named.length > 0 ? [...new Set(named)].toSorted() : rule.runbooks;
    if (shownRunbooks === wanted.join()) return;
    shownRunbooks = wanted.join();
    const loaded = await Promise.all(
      wanted.map((name) =>
        loadRunbook(name).catch((error: unknown) => h('p', { class: 'empty' }, messageOf(error))),
      ),
    );
    // Meanwhile, other alerts may have become active.
    if (shownRunbooks !== wanted.join()) return;
    runbooks.replaceChildren(h('h2', {}, loaded.length > 1 ? 'Runbooks' : 'Runbook'), ...loaded);
  }

  return {
    element: h('div', { class: 'page rule' }, badges, active, about, runbooks),
    update(rule, now, isOne) {
      badges.hidden = isOne;
      fill(badges, ...badgeOf(rule));
      const current = JSON.stringify([rule.state, rule.active, rule.reasons]);
      if (current !== shownActive) fill(active, ...activeOf(rule, now));
      shownActive = current;
      for (const [index, place] of active.querySelectorAll('.times').entries()) {
        const alert = rule.active[index];
        if (alert) setText(place, ` ${timesOf(alert, now)}`);
      }
      void showRunbooks(rule);
      if (shownRule === rule.query) return;
      shownRule = rule.query;
      about.replaceChildren(...aboutOf(rule));
    },
  };
}

function activeOf({ state, active, reasons, annotations }: AlertRuleSummary, now: number): HTMLElement[] {
  if (state === 'unevaluated')
    return [
      h(
        'div',
        { class: 'card' },
        h('h2', {}, 'Why it is not evaluated'),
        h('ul', {}, ...reasons.map((reason) => h('li', {}, reason))),
      ),
    ];
  if (active.length === 0)
    return [h('p', { class: 'muted' }, `Its condition does not hold. ${annotations['description'] ?? ''}`)];
  return active.map((alert) => cardOf(alert, now));
}

function cardOf(alert: ActiveAlert, now: number): HTMLElement {
  const { labels, annotations, value, state } = alert;
  const { summary = '', description = '', ...links } = annotations;
  return h(
    'div',
    { class: 'card' },
    h('h2', {}, summary),
    h(
      'p',
      {},
      h('span', { class: `alert-state ${state}` }, state),
      h('span', { class: 'times' }, ` ${timesOf(alert, now)}`),
    ),
    h('p', {}, description),
    h(
      'dl',
      { class: 'values' },
      h('dt', {}, 'value'),
      h('dd', {}, value === null ? 'not a number' : inFull(value)),
      ...Object.entries(labels).flatMap(([name, text]) => [h('dt', {}, name), h('dd', {}, text)]),
    ),
    h('p', { class: 'buttons' }, ...Object.entries(links).flatMap(([name, target]) => linkOf(name, target))),
  );
}

/** A link of an annotation; a template without a value for these labels is empty. */
function linkOf(name: string, target: string): HTMLElement[] {
  if (name === 'runbook_url' || !/^https?:\/\//.test(target)) return [];
  return [externalLink(name.replace(/_url$/, ''), target)];
}

function aboutOf(rule: AlertRuleSummary): HTMLElement[] {
  return [
    h('h2', {}, 'Condition'),
    h(
      'p',
      { class: 'muted' },
      rule.holdFor === 0
        ? 'It fires at once when this holds.'
        : `It fires when this has held for ${roughly(rule.holdFor)}.`,
    ),
    h(
      'div',
      { class: 'code' },
      h('pre', { tabindex: 0, role: 'group', 'aria-label': 'Condition' }, h('code', {}, rule.query)),
      h(
        'div',
        { class: 'buttons' },
        copyButton('Copy', () => rule.query),
      ),
    ),
    h('p', {}, 'Look at ', ...joined(linksTo(rule)), '.'),
  ];
}

/** The plots of what the condition reads, and the traces and log lines that belong to it. */
function linksTo({ metrics, query: condition, name }: AlertRuleSummary): HTMLElement[] {
  const plots = metrics.map((metric) => h('a', { href: `/metrics${query({ name: metric })}` }, metric));
  const text = `${condition} ${metrics.join(' ')}`;
  const isBreaker = text.includes('circuit_breaker');
  return [
    ...plots,
    h(
      'a',
      { href: `/traces${query(isBreaker ? { text: 'circuit_open' } : { status: 'failed' })}` },
      isBreaker ? 'traces that met an open breaker' : 'failed traces',
    ),
    h(
      'a',
      { href: `/logs${query({ level: name.startsWith('Errors') ? 'error' : 'warn' })}` },
      'log lines from warnings on',
    ),
  ];
}

const joined = (elements: readonly HTMLElement[]): Array<HTMLElement | string> =>
  elements.flatMap((each, index) =>
    index === 0 ? [each] : [index === elements.length - 1 ? ' and ' : ', ', each],
  );
