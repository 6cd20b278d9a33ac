import type { ActiveAlert, AlertRuleSummary } from '../alert-types.ts';
import { selectorsOf } from '../promql/expression.ts';
import type { Rule } from './rules.ts';

/** How a rule is shown, apart from its state. */
export type RuleDescription = Omit<AlertRuleSummary, 'state' | 'reasons' | 'active'>;

/** @param rules all of them, because alerts read recorded series */
export function describeRule(rule: Rule, rules: readonly Rule[]): RuleDescription {
  const { name, group, text: query, holdFor, labels, annotations } = rule;
  return {
    name,
    group,
    severity: labels['severity'] ?? '',
    query,
    holdFor,
    labels,
    annotations,
    metrics: [...new Set(metricsOf(rule, rules, new Set([name])))],
    runbooks: runbooksOf(annotations['runbook_url'] ?? '', rules),
  };
}

export function withState(
  description: RuleDescription,
  active: readonly ActiveAlert[],
  reasons: readonly string[],
): AlertRuleSummary {
  const isFiring = active.some(({ state }) => state === 'firing');
  const state =
    active.length > 0 ? (isFiring ? 'firing' : 'pending') : reasons.length > 0 ? 'unevaluated' : 'inactive';
  return { ...description, state, reasons, active };
}

/** Metrics that senders report, by the names of the Metrics view, which has a histogram as a whole. */
function metricsOf({ query }: Rule, rules: readonly Rule[], within: ReadonlySet<string>): string[] {
  if ('unsupported' in query) return [];
  return selectorsOf(query).flatMap(({ metric }) => {
    const recordings = rules.filter(({ kind, name }) => kind === 'recording' && name === metric);
    const isOfPrometheus = metric === 'up' || metric === 'ALERTS';
    if (recordings.length === 0) return isOfPrometheus ? [] : [metric.replace(/_(?:bucket|sum|count)$/, '')];
    if (within.has(metric)) return [];
    return recordings.flatMap((each) => metricsOf(each, rules, new Set([...within, metric])));
  });
}

/** The pages that a URL may lead to: one per value if it contains a label. */
function runbooksOf(url: string, rules: readonly Rule[]): string[] {
  const [, label] = /\{\{\s*\$labels\.(\w+)\s*\}\}/.exec(url) ?? [];
  const values =
    label === undefined ? [''] : [...new Set(rules.flatMap(({ labels }) => labels[label] ?? []))];
  return values.flatMap((value) => runbookIn(url.replace(/\{\{.*?\}\}/, value)) ?? []);
}

/** Name of the page that a URL leads to. */
function runbookIn(url: string): string | undefined {
  return /\/([a-z0-9-]+)\.md$/.exec(url)?.[1];
}
