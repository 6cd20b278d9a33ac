/** Labels by name. The name of the metric is the label `__name__`. */
export type Labels = Readonly<Record<string, string>>;

export interface Matcher {
  label: string;
  operator: '=' | '!=' | '=~' | '!~';
  value: string;
  /** Of `=~` and `!~`. */
  pattern?: RegExp;
}

export interface Selector {
  kind: 'selector';
  metric: string;
  matchers: readonly Matcher[];
}

export const aggregations = ['sum', 'avg', 'min', 'max', 'count'] as const;
export type Aggregation = (typeof aggregations)[number];

export const comparisons = ['==', '!=', '>', '<', '>=', '<='] as const;
export const arithmetic = ['+', '-', '*', '/', '%', '^'] as const;
export const setOperators = ['and', 'or', 'unless'] as const;
export type BinaryOperator =
  | (typeof comparisons)[number]
  | (typeof arithmetic)[number]
  | (typeof setOperators)[number];

export interface Binary {
  kind: 'binary';
  operator: BinaryOperator;
  left: Expression;
  right: Expression;
  /** `bool`: a comparison yields 0 or 1 instead of filtering. */
  isBool: boolean;
  /** The labels that a pair has in common: those `on` the list, or all but those of the list. */
  matching: { isOn: boolean; labels: readonly string[] };
  /** The side that may have several series per match. */
  many?: 'left' | 'right' | undefined;
  /** Labels that the result takes from the side with one series. */
  include: readonly string[];
}

/** A query in the supported subset of PromQL. Durations are in milliseconds. */
export type Expression =
  | { kind: 'number'; value: number }
  | Selector
  | { kind: 'range'; of: Selector; window: number }
  | { kind: 'subquery'; of: Expression; window: number; step: number | undefined }
  | { kind: 'offset'; of: Expression; by: number }
  | { kind: 'call'; name: string; args: readonly Expression[] }
  | {
      kind: 'aggregation';
      operator: Aggregation;
      by: { isBy: boolean; labels: readonly string[] };
      of: Expression;
    }
  | { kind: 'negation'; of: Expression }
  | Binary;

/** A query needs something that the subset does not have. The message names it. */
export class UnsupportedQuery extends Error {
  override readonly name = 'UnsupportedQuery';
}

/** The expressions that an expression is made of. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'number':
    case 'selector':
      return [];
    case 'range':
    case 'subquery':
    case 'offset':
    case 'aggregation':
    case 'negation':
      return [expression.of];
    case 'call':
      return expression.args;
    case 'binary':
      return [expression.left, expression.right];
    default:
      return expression satisfies never;
  }
}

/** Every selector, at any depth. */
export function selectorsOf(expression: Expression): Selector[] {
  return expression.kind === 'selector' ? [expression] : partsOf(expression).flatMap(selectorsOf);
}

/** As PromQL, for messages. */
export function written({ metric, matchers }: Selector): string {
  const pairs = matchers.map(({ label, operator, value }) => `${label}${operator}${JSON.stringify(value)}`);
  return metric + (pairs.length > 0 ? `{${pairs.join(',')}}` : '');
}
