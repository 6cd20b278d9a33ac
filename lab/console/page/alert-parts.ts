import type { ActiveAlert, AlertRuleSummary, AlertSource, AlertsState } from '../alert-types.ts';
import { roughly, toTheSecond } from './format.ts';
import { h } from './h.ts';

/** What a state means for whoever reads it. */
const words: Readonly<Record<AlertRuleSummary['state'], string>> = {
  firing: 'firing',
  pending: 'pending',
  inactive: 'inactive',
  unevaluated: 'not evaluated',
};

export function stateBadge({ state, severity }: Pick<AlertRuleSummary, 'state' | 'severity'>): HTMLElement {
  const isMeant = severity === 'heartbeat' && state === 'firing';
  return h('span', { class: `alert-state ${isMeant ? 'inactive' : state}` }, words[state]);
}

/** Since when, and until when it is only pending. */
export function timesOf({ since, firingSince, firesAt, state }: ActiveAlert, now: number): string {
  const age = (time: number) => roughly(Math.max(now - time, 0));
  if (state === 'pending' && firesAt !== undefined)
    return firesAt > now
      ? `for ${age(since)}, fires in ${roughly(firesAt - now)}`
      : `for ${age(since)}, about to fire`;
  return firingSince === undefined || firingSince === since
    ? `since ${toTheSecond(since)}`
    : `since ${toTheSecond(firingSince)}, pending from ${toTheSecond(since)}`;
}

/** Who evaluates the rules, and what that means. */
export function sourceNote({ source, prometheus, whyNotPrometheus }: AlertsState): HTMLElement {
  if (source.kind === 'prometheus')
    return h(
      'p',
      { class: 'muted' },
      `Evaluated by the Prometheus at ${source.url}. `,
      h('a', { href: '/alerts?source=console' }, 'Let the console evaluate them'),
    );
  return h(
    'div',
    { class: 'source' },
    h(
      'p',
      { class: 'muted' },
      source.since === null
        ? 'The console evaluates the rules once it has read metrics of the service. '
        : `Evaluated by this console, from the metrics of the service since ${toTheSecond(source.since)}. `,
      prometheus === null
        ? whyNotPrometheus
        : h('a', { href: '/alerts' }, `Ask the Prometheus at ${prometheus}`),
    ),
    source.timeScale !== 1 &&
      h(
        'p',
        { class: 'warn' },
        `All durations of the rules are ${source.timeScale} times shorter (CONSOLE_ALERT_TIME_SCALE).`,
      ),
    source.refused > 0 &&
      h(
        'p',
        { class: 'bad' },
        'There are more series than the console can evaluate, so some figures are too low.',
      ),
    subsetNote(source),
  );
}

/** What the console can evaluate. */
function subsetNote({ functions }: Extract<AlertSource, { kind: 'console' }>): HTMLElement {
  return h(
    'details',
    {},
    h('summary', {}, 'What the console evaluates'),
    h(
      'p',
      { class: 'muted' },
      'A subset of PromQL: selectors, windows, subqueries and offset; sum, avg, min, max and count, by or without labels; arithmetic, ' +
        'comparisons, and, or, unless, on, ignoring, group_left, group_right; and ',
      h('code', {}, functions.join(', ')),
      '. Not: @, native histograms and other functions. It reads the metrics of the service alone, and keeps recorded series ' +
        'for at most 24 hours, which is shorter than the longest windows. A rule that needs more is listed as not evaluated, with the reason.',
    ),
  );
}

/** What needs attention stands first. */
export function rank({ state, severity }: AlertRuleSummary): number {
  const isHeartbeat = severity === 'heartbeat';
  const sequence = ['firing', 'pending', 'unevaluated', 'inactive'];
  return isHeartbeat ? sequence.length : sequence.indexOf(state);
}
