import type { AlertRuleSummary, AlertsState, Objective } from '../alert-types.ts';
import type { Selector } from '../promql/expression.ts';
import { functionNames } from '../promql/functions.ts';
import { objectivesOf, type RecordedSeries } from './objectives.ts';
import { type PrometheusPlace, watchPrometheus } from './prometheus-watch.ts';
import { createRuleEvaluator } from './rule-evaluator.ts';
import { describeRule, withState } from './rule-summary.ts';
import type { RuleGroup } from './rules.ts';

/** What the alert rules say: by a Prometheus where one evaluates them, or else by the console. */
export interface AlertBoard {
  /** Takes one scrape of the service; undefined if it did not answer. */
  scrape(exposition: string | undefined, from: string, time: number): void;
  /** @param source the console's own evaluation, although there is a Prometheus */
  state(source?: 'console'): Promise<AlertsState>;
  /** Alerts that fire or are pending, without the heartbeat, which always fires. */
  counts(): { firing: number; pending: number };
  close(): void;
}

export interface AlertBoardOptions {
  groups: readonly RuleGroup[];
  /** How many times shorter every duration of the groups is. */
  timeScale: number;
  prometheus: PrometheusPlace | undefined;
  metricsUrl: () => string | undefined;
}

/** Milliseconds between two scrapes that the rules see: as in prometheus.yml, or what a scaled minute needs. */
const usualScrape = 5000;

export function createAlertBoard({
  groups,
  timeScale,
  prometheus,
  metricsUrl,
}: AlertBoardOptions): AlertBoard {
  const rules = groups.flatMap((group) => group.rules);
  // By the rule: several may have one name, such as a warning and a page.
  const descriptions = new Map(
    rules.filter(({ kind }) => kind === 'alert').map((rule) => [rule, describeRule(rule, rules)]),
  );
  const names = new Set([...descriptions.keys()].map(({ name }) => name));
  const evaluator = createRuleEvaluator(groups);
  const watch = watchPrometheus(prometheus, names, metricsUrl);
  const job = jobIn(groups);
  const scrapeInterval = Math.max(1000, Math.round(usualScrape / timeScale / 1000) * 1000);
  let scrapedAt = 0;

  const own: RecordedSeries = {
    now: async (metrics) => metrics.flatMap((metric) => evaluator.samples.at(selectorOf(metric), scrapedAt)),
    over: async (metrics, times) =>
      metrics.flatMap((metric) => evaluator.samples.atSteps(selectorOf(metric), times)),
  };

  function ownRules(): AlertRuleSummary[] {
    return evaluator.alerts().flatMap(({ rule, active, reasons }) => {
      const description = descriptions.get(rule);
      const none = evaluator.since() === undefined ? ['No metrics of a service were read yet.'] : reasons;
      return description ? [withState(description, active, none)] : [];
    });
  }

  function reportedRules(
    reported: NonNullable<ReturnType<typeof watch.current>>['rules'],
  ): AlertRuleSummary[] {
    const byName = Map.groupBy(reported, ({ name }) => name);
    return [...descriptions.values()].map((description) => {
      // Those of one name are reported in the order of the files.
      const found = byName.get(description.name)?.shift();
      if (!found) return withState(description, [], ['The Prometheus does not have this rule.']);
      const { active, failure, holdFor } = found;
      return withState({ ...description, holdFor }, active, failure === '' ? [] : [failure]);
    });
  }

  /** @throws if the Prometheus no longer answers */
  async function stateOf(current: ReturnType<typeof watch.current>): Promise<AlertsState> {
    const time = current ? Date.now() : scrapedAt || Date.now();
    const scale = current ? 1 : timeScale;
    const objectives: Objective[] = await objectivesOf(rules, current?.prometheus ?? own, { time, scale });
    return {
      now: Date.now(),
      source: current
        ? { kind: 'prometheus', url: current.prometheus.url }
        : {
            kind: 'console',
            since: evaluator.since() ?? null,
            timeScale,
            functions: functionNames,
            refused: evaluator.samples.refused(),
          },
      prometheus: watch.current()?.prometheus.url ?? null,
      whyNotPrometheus: watch.reason(),
      rules: current ? reportedRules(current.rules) : ownRules(),
      objectives,
    };
  }

  return {
    scrape(exposition, from, time) {
      const isBack = time < scrapedAt;
      if (!isBack && time - scrapedAt < scrapeInterval - 500) return;
      scrapedAt = time;
      evaluator.scrape(exposition, { job, instance: new URL(from).host }, time);
      evaluator.evaluateAt(time);
    },
    async state(source) {
      const current = source === 'console' ? undefined : watch.current();
      try {
        return await stateOf(current);
      } catch (error) {
        if (current === undefined) throw error;
        return await stateOf(undefined);
      }
    },
    counts() {
      const current = watch.current();
      const states = (current ? reportedRules(current.rules) : ownRules())
        .filter(({ severity }) => severity !== 'heartbeat')
        .flatMap(({ active }) => active.map(({ state }) => state));
      const firing = states.filter((each) => each === 'firing').length;
      return { firing, pending: states.length - firing };
    },
    close: () => watch.close(),
  };
}

const selectorOf = (metric: string): Selector => ({ kind: 'selector', metric, matchers: [] });

/** The job under which the rules know the service. */
function jobIn(groups: readonly RuleGroup[]): string {
  const [, job] =
    /\bup\{job="([^"]+)"/.exec(groups.flatMap(({ rules }) => rules.map(({ text }) => text)).join('\n')) ?? [];
  return job ?? 'service';
}
