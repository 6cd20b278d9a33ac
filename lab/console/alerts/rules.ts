import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { type Expression, UnsupportedQuery } from '../promql/expression.ts';
import { durationIn, parseQuery } from '../promql/parse.ts';

/** A rule of Prometheus. Durations are in milliseconds. */
export interface Rule {
  group: string;
  /** The recorded metric, or the alert. */
  name: string;
  kind: 'recording' | 'alert';
  /** As it is written. */
  text: string;
  /** Or why it cannot be evaluated. */
  query: Expression | { unsupported: string };
  /** How long the condition must hold before the alert fires. */
  holdFor: number;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  name: string;
  /** Milliseconds between two evaluations. */
  interval: number;
  rules: readonly Rule[];
}

interface WrittenGroup {
  name: string;
  interval?: string;
  rules: WrittenRule[];
}

interface WrittenRule {
  alert?: string;
  record?: string;
  expr: string;
  for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

const usualInterval = 15_000;

/**
 * Reads the rule files of a folder.
 *
 * @param scale how many times shorter every duration is
 * @returns no groups if there is no such folder
 */
export async function readRules(folder: string, scale = 1): Promise<RuleGroup[]> {
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => /\.ya?ml$/.test(name)).toSorted();
  const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')));
  return texts.flatMap((text) => groupsIn(text, scale));
}

export function groupsIn(text: string, scale = 1): RuleGroup[] {
  // Every scalar is a text, as Prometheus reads them: a label may be written as 1, and a duration as 0.
  const file = parse(text, { schema: 'failsafe' }) as { groups?: WrittenGroup[] | '' } | null;
  return (file?.groups || []).map(({ name, interval, rules }) => ({
    name,
    interval: (interval === undefined ? usualInterval : durationIn(interval)) / scale,
    rules: rules.map((rule) => ruleIn(rule, name, scale)),
  }));
}

function ruleIn(rule: WrittenRule, group: string, scale: number): Rule {
  return {
    group,
    name: rule.alert ?? rule.record ?? '',
    kind: rule.alert === undefined ? 'recording' : 'alert',
    text: rule.expr.trim(),
    query: queryIn(rule.expr, scale),
    holdFor: rule.for === undefined ? 0 : durationIn(rule.for) / scale,
    labels: rule.labels ?? {},
    annotations: rule.annotations ?? {},
  };
}

function queryIn(text: string, scale: number): Rule['query'] {
  try {
    return parseQuery(text, scale);
  } catch (error) {
    if (!(error instanceof UnsupportedQuery)) throw error;
    return { unsupported: error.message };
  }
}
