import type { ActiveAlert } from '../alert-types.ts';
import type { Labels } from '../promql/expression.ts';
import { keyOf, type Sample } from '../promql/samples.ts';
import { fillIn } from './template.ts';
import type { Rule } from './rules.ts';

/** The alerts of one rule, which are pending until their condition has held for as long as the rule says. */
export interface AlertRuleState {
  /** @param samples what the condition yields now */
  take(samples: readonly Sample[], time: number): void;
  active(): readonly ActiveAlert[];
}

/** @see https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/ */
export function createAlertRule(rule: Rule): AlertRuleState {
  let active = new Map<string, ActiveAlert>();
  /** Since when the condition of an alert that keeps firing no longer holds. */
  const over = new Map<string, number>();

  function alertOf(
    key: string,
    { labels, value }: { labels: Labels; value: number },
    time: number,
  ): ActiveAlert {
    const since = active.get(key)?.since ?? time;
    const isFiring = time - since >= rule.holdFor;
    return {
      state: isFiring ? 'firing' : 'pending',
      since,
      ...(isFiring && { firingSince: active.get(key)?.firingSince ?? time }),
      ...(!isFiring && { firesAt: since + rule.holdFor }),
      value: Number.isFinite(value) ? value : null,
      labels: labelsOf(rule, labels, value),
      annotations: filled(rule.annotations, labels, value),
    };
  }

  function keepsFiring(key: string, { state }: ActiveAlert, time: number): boolean {
    const since = over.get(key) ?? time;
    over.set(key, since);
    return state === 'firing' && time - since < rule.keepFiringFor;
  }

  return {
    take(samples, time) {
      const now = new Map(
        samples.map(({ labels: { __name__: _name, ...labels }, value }) => {
          const key = keyOf(labels);
          return [key, alertOf(key, { labels, value }, time)];
        }),
      );
      for (const [key, alert] of active) {
        if (!now.has(key) && keepsFiring(key, alert, time)) now.set(key, alert);
        else over.delete(key);
      }
      active = now;
    },
    active: () => [...active.values()],
  };
}

function labelsOf(rule: Rule, labels: Labels, value: number): Record<string, string> {
  const all = { ...labels, ...filled(rule.labels, labels, value) };
  return Object.fromEntries(Object.entries(all).filter(([, text]) => text !== ''));
}

const filled = (templates: Labels, labels: Labels, value: number): Record<string, string> =>
  Object.fromEntries(
    Object.entries(templates).map(([name, template]) => [name, fillIn(template, labels, value)]),
  );
