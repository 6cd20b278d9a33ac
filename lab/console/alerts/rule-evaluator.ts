import type { ActiveAlert } from '../alert-types.ts';
import { readSamples } from '../metrics/openmetrics.ts';
import { evaluate } from '../promql/evaluate.ts';
import {
  type Expression,
  type Labels,
  partsOf,
  type Selector,
  selectorsOf,
  UnsupportedQuery,
} from '../promql/expression.ts';
import {
  createSampleStore,
  keyOf,
  lookback,
  matcherOf,
  type Sample,
  type SampleStore,
} from '../promql/samples.ts';
import { type AlertRuleState, createAlertRule } from './alert-rule.ts';
import { type Presence, reasonsAgainst } from './evaluability.ts';
import type { Rule, RuleGroup } from './rules.ts';

/** What evaluating a rule yields at present. */
export interface RuleState {
  rule: Rule;
  active: readonly ActiveAlert[];
  /** Why it cannot be evaluated; empty if it can. */
  reasons: readonly string[];
}

/** Evaluates rules over the samples of one target, as a Prometheus does that scrapes it. */
export interface RuleEvaluator {
  samples: SampleStore;
  /**
   * Takes the samples of a scrape that the rules read.
   *
   * @param exposition undefined if the target did not answer
   * @param target its labels, `job` and `instance`
   */
  scrape(exposition: string | undefined, target: Labels, time: number): void;
  /** Evaluates the groups that are due. */
  evaluateAt(time: number): void;
  alerts(): RuleState[];
  /** Time of the first scrape; undefined before it. */
  since(): number | undefined;
}

/** Longest time that samples are kept, in milliseconds: a window may be longer than a session lasts. */
const longestRetention = 24 * 3_600_000;
/** Samples that plots need. */
const shown = 3_600_000;

export function createRuleEvaluator(groups: readonly RuleGroup[]): RuleEvaluator {
  const rules = groups.flatMap((group) => group.rules);
  const recordings = rules.filter(({ kind }) => kind === 'recording');
  const recorded = new Set(recordings.map(({ name }) => name));
  const queries = rules.flatMap(({ query }) => ('unsupported' in query ? [] : [query]));
  const samples = createSampleStore(retentionOf(queries, recorded));
  const wanted = testsOf(queries);
  const alertRules = new Map<Rule, AlertRuleState>();
  const failures = new Map<Rule, string>();
  /** The series that a rule or the target had last, so that the end of each can be written. */
  const present = new Map<Rule | 'target', Map<string, Labels>>();
  /** By the group and not by its name, which a group of another file may have as well. */
  const evaluatedAt = new Map<RuleGroup, number>();
  let kinds: ReadonlyMap<string, string> = new Map();
  let first: number | undefined;
  let last = -Infinity;

  for (const rule of rules) if (rule.kind === 'alert') alertRules.set(rule, createAlertRule(rule));

  function write(owner: Rule | 'target', written: readonly Sample[], time: number): void {
    const now = new Map(written.map(({ labels }) => [keyOf(labels), labels]));
    for (const { labels, value } of written) samples.add(labels, time, value);
    for (const [key, labels] of present.get(owner) ?? []) if (!now.has(key)) samples.add(labels, time, null);
    present.set(owner, now);
  }

  /** A clock that was put back would leave out every sample until it has caught up. */
  function restart(): void {
    samples.clear();
    present.clear();
    evaluatedAt.clear();
    first = undefined;
    for (const [rule] of alertRules) alertRules.set(rule, createAlertRule(rule));
  }

  function evaluateRule(rule: Rule, time: number): void {
    if ('unsupported' in rule.query) return;
    let result: Sample[];
    try {
      const value = evaluate(rule.query, samples, time);
      result = typeof value === 'number' ? [{ labels: {}, value }] : value;
      failures.delete(rule);
    } catch (error) {
      if (!(error instanceof UnsupportedQuery)) throw error;
      failures.set(rule, `It has ${error.message}.`);
      result = [];
    }
    const alert = alertRules.get(rule);
    alert?.take(result, time);
    write(rule, alert ? alertSeries(rule, alert) : recordedSeries(rule, result), time);
  }

  function presenceOf(selector: Selector): Presence {
    if (samples.at(selector, last).length > 0) return 'present';
    const { metric } = selector;
    if (metric === 'up') return 'absent';
    // There are none while no alert is active.
    if (metric === 'ALERTS') return 'uncounted';
    const kind = kinds.get(metric) ?? kinds.get(metric.replace(/_(?:total|bucket|count|sum)$/, ''));
    if (kind === undefined) return 'unknown';
    return kind === 'gauge' ? 'absent' : 'uncounted';
  }

  return {
    samples,
    scrape(exposition, target, time) {
      if (time < last - 1000) restart();
      first ??= time;
      last = time;
      const up = { labels: { __name__: 'up', ...target }, value: exposition === undefined ? 0 : 1 };
      const kept = readSamples(exposition ?? '', (name) => wanted.has(name)).flatMap(
        ({ name, labels, value }) => {
          const series = { __name__: name, ...labels, ...target };
          return wanted.get(name)?.some((test) => test(series)) ? [{ labels: series, value }] : [];
        },
      );
      if (exposition !== undefined) kinds = kindsIn(exposition);
      write('target', [up, ...kept], time);
    },
    evaluateAt(time) {
      for (const group of groups) {
        // A scrape may be a little early.
        if (time - (evaluatedAt.get(group) ?? -Infinity) < group.interval - 500) continue;
        evaluatedAt.set(group, time);
        for (const rule of group.rules) evaluateRule(rule, time);
      }
    },
    alerts: () =>
      [...alertRules].map(([rule, state]) => {
        const failure = failures.get(rule);
        const against = failure === undefined ? reasonsAgainst(rule, presenceOf, recordings) : [failure];
        // What is active was evaluated.
        return { rule, active: state.active(), reasons: state.active().length > 0 ? [] : against };
      }),
    since: () => first,
  };
}

const recordedSeries = (rule: Rule, result: readonly Sample[]): Sample[] =>
  result.map(({ labels, value }) => ({ labels: { ...labels, ...rule.labels, __name__: rule.name }, value }));

const alertSeries = (rule: Rule, state: AlertRuleState): Sample[] =>
  state.active().map((each) => ({
    labels: { ...each.labels, __name__: 'ALERTS', alertname: rule.name, alertstate: each.state },
    value: 1,
  }));

/** The `# TYPE` lines of an exposition. */
const kindsIn = (exposition: string): Map<string, string> =>
  new Map(
    [...exposition.matchAll(/^# TYPE ([\w:]+) (\w+)/gm)].map(([, name = '', kind = '']) => [name, kind]),
  );

/** The selectors of the rules, by metric: most samples of a scrape are in none. */
function testsOf(queries: readonly Expression[]): Map<string, Array<(labels: Labels) => boolean>> {
  const tests = new Map<string, Array<(labels: Labels) => boolean>>();
  for (const { metric, matchers } of queries.flatMap(selectorsOf))
    tests.set(metric, [...(tests.get(metric) ?? []), matcherOf(matchers)]);
  return tests;
}

/** How far back the queries read each metric. */
function retentionOf(
  queries: readonly Expression[],
  recorded: ReadonlySet<string>,
): (metric: string) => number {
  const windows = new Map<string, number>();
  function walk(expression: Expression, window: number): void {
    if (expression.kind === 'selector')
      windows.set(expression.metric, Math.max(windows.get(expression.metric) ?? 0, window));
    for (const part of partsOf(expression)) walk(part, window + reachOf(expression));
  }
  for (const query of queries) walk(query, lookback);
  return (metric) =>
    Math.min(Math.max(windows.get(metric) ?? lookback, recorded.has(metric) ? shown : 0), longestRetention);
}

function reachOf(expression: Expression): number {
  if (expression.kind === 'offset') return expression.by;
  return expression.kind === 'range' || expression.kind === 'subquery' ? expression.window : 0;
}
