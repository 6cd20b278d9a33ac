import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { StartupError } from '../../../src/errors.ts';
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
  /** How long it goes on firing once the condition no longer holds. */
  keepFiringFor: number;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  name: string;
  /** Milliseconds between two evaluations. */
  interval: number;
  rules: readonly Rule[];
}

/** A name without a value is an empty text, which Prometheus reads as if the name were not there. */
interface WrittenGroup {
  name: string;
  interval?: string;
  labels?: Record<string, string> | '';
  rules?: WrittenRule[] | '';
}

interface WrittenRule {
  alert?: string;
  record?: string;
  expr?: string;
  for?: string;
  keep_firing_for?: string;
  labels?: Record<string, string> | '';
  annotations?: Record<string, string> | '';
}

const usualInterval = 15_000;

/**
 * Reads the rule files of a folder.
 *
 * @param scale how many times shorter every duration is
 * @returns no groups if there is no such folder
 * @throws {StartupError} if a file has not the form of rules
 */
export async function readRules(folder: string, scale = 1): Promise<RuleGroup[]> {
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => /\.ya?ml$/.test(name)).toSorted();
  const groups = await Promise.all(
    files.map(async (name) => {
      const file = path.join(folder, name);
      try {
        return groupsIn(await readFile(file, 'utf8'), scale);
      } catch (error) {
        const [why] = (error instanceof Error ? error.message : String(error)).split('\n');
        throw new StartupError(`${path.relative('', file)} is no file of alert rules: ${why}`);
      }
    }),
  );
  return groups.flat();
}

export function groupsIn(text: string, scale = 1): RuleGroup[] {
  // Every scalar is a text, as Prometheus reads them: a label may be written as 1, and a duration as 0.
  const file = parse(text, { schema: 'failsafe', merge: true }) as { groups?: WrittenGroup[] | '' } | null;
  return listOf(file?.groups, 'groups').map((group) => {
    const interval = attempt(() => intervalOf(group) / scale);
    return {
      name: group.name,
      interval: typeof interval === 'number' ? interval : 0,
      rules: listOf(group.rules, `the rules of ${group.name}`).map((rule) => ruleIn(rule, group, scale)),
    };
  });
}

/** 0 is the usual one, too. */
const intervalOf = ({ interval }: WrittenGroup): number => durationIn(interval || '0') || usualInterval;

function ruleIn(rule: WrittenRule, group: WrittenGroup, scale: number): Rule {
  const { alert, record, expr = '', labels, annotations } = rule;
  const condition = attempt(() => {
    // One that cannot be read is a reason against each rule of its group.
    intervalOf(group);
    return {
      query: parseQuery(expr, scale),
      holdFor: durationIn(rule.for || '0') / scale,
      keepFiringFor: durationIn(rule.keep_firing_for || '0') / scale,
    };
  });
  return {
    group: group.name,
    name: alert || record || '',
    kind: alert ? 'alert' : 'recording',
    text: expr.trim(),
    ...('unsupported' in condition ? { query: condition, holdFor: 0, keepFiringFor: 0 } : condition),
    labels: { ...textsIn(group.labels), ...textsIn(labels) },
    annotations: textsIn(annotations),
  };
}

const textsIn = (written: Record<string, string> | '' | undefined) => written || {};

function listOf<T>(written: T[] | '' | undefined, what: string): T[] {
  if (!written) return [];
  if (!Array.isArray(written)) throw new SyntaxError(`${what} must be a list`);
  return written;
}

/** A rule that Prometheus refuses is shown with the reason, because the others of its file are still of use. */
function attempt<T>(read: () => T): T | { unsupported: string } {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UnsupportedQuery)) throw error;
    return { unsupported: error.message };
  }
}
