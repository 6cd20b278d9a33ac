import { type Expression, partsOf, type Selector, written } from '../promql/expression.ts';
import type { Rule } from './rules.ts';

/** What the metrics of the service say about a selector. */
export type Presence = 'present' | 'uncounted' | 'absent' | 'unknown';

/**
 * Why a rule says nothing at present; empty if it can be evaluated. A counter without series has counted nothing yet, which is
 * a value; a gauge without series is not known. An alternative behind `or` is enough.
 *
 * @param presenceOf whether a metric has series that match
 */
export function reasonsAgainst(
  rule: Rule,
  presenceOf: (selector: Selector) => Presence,
  recordings: readonly Rule[],
): string[] {
  if ('unsupported' in rule.query)
    return [`It uses ${rule.query.unsupported}, which the console cannot evaluate.`];
  const lacking = new Set<string>();
  const isComplete = walk(rule.query, new Set([rule.name]));
  return isComplete ? [] : [...lacking];

  function walk(expression: Expression, within: ReadonlySet<string>): boolean {
    if (expression.kind === 'selector') return has(expression, within);
    if (expression.kind === 'call' && expression.name === 'absent') return true;
    if (expression.kind === 'binary' && expression.operator === 'or')
      return [expression.left, expression.right].map((each) => walk(each, within)).includes(true);
    if (expression.kind === 'binary' && expression.operator === 'unless')
      return walk(expression.left, within);
    return !partsOf(expression)
      .map((each) => walk(each, within))
      .includes(false);
  }

  function has(selector: Selector, within: ReadonlySet<string>): boolean {
    const recorded = recordings.filter(({ name }) => name === selector.metric);
    if (recorded.length > 0)
      return recorded.some(
        ({ query, name }) =>
          within.has(name) || (!('unsupported' in query) && walk(query, new Set([...within, name]))),
      );
    const presence = presenceOf(selector);
    if (presence === 'unknown')
      lacking.add(`${selector.metric} is not among the metrics that the console reads.`);
    if (presence === 'absent') lacking.add(`No series matches ${written(selector)}.`);
    return presence === 'present' || presence === 'uncounted';
  }
}
