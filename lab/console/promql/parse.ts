import { parser } from '@prometheus-io/lezer-promql';
import {
  type Aggregation,
  aggregations,
  arithmetic,
  type Binary,
  type BinaryOperator,
  comparisons,
  type Expression,
  type Matcher,
  type Selector,
  setOperators,
  UnsupportedQuery,
} from './expression.ts';
import { functionNames } from './functions.ts';

type Node = ReturnType<typeof parser.parse>['topNode'];

const operators: ReadonlySet<string> = new Set([...comparisons, ...arithmetic, ...setOperators]);

/**
 * Parses a query with Prometheus's own grammar.
 *
 * @param scale how many times shorter every duration is, the horizon of `predict_linear` included
 * @throws {UnsupportedQuery} if it is invalid, or outside the subset
 */
export function parseQuery(text: string, scale = 1): Expression {
  const textOf = (node: Node) => text.slice(node.from, node.to);
  const tree = parser.parse(text);
  tree.iterate({
    enter({ type, from }) {
      if (type.isError) throw new UnsupportedQuery(`not valid PromQL, at character ${from}`);
    },
  });

  function build(node: Node): Expression {
    switch (node.name) {
      case 'PromQL':
      case 'ParenExpr':
        return build(onlyChild(node));
      case 'NumberDurationLiteral':
        return { kind: 'number', value: numberIn(textOf(node)) };
      case 'VectorSelector':
        return selector(node);
      case 'MatrixSelector':
        return {
          kind: 'range',
          of: selector(child(node, 'VectorSelector')),
          window: durations(node)[0] ?? 0,
        };
      case 'SubqueryExpr': {
        const [window = 0, step] = durations(node);
        return { kind: 'subquery', of: build(onlyChild(node)), window, step };
      }
      case 'OffsetExpr':
        return {
          kind: 'offset',
          of: build(onlyChild(node)),
          by: durations(node, 'OffsetDurationExpr')[0] ?? 0,
        };
      case 'FunctionCall':
        return call(node);
      case 'AggregateExpr':
        return aggregation(node);
      case 'UnaryExpr': {
        const of = build(lastChild(node));
        return textOf(child(node, 'UnaryOp')) === '-' ? { kind: 'negation', of } : of;
      }
      case 'BinaryExpr':
        return binary(node);
      default:
        throw new UnsupportedQuery(nameOfNode[node.name] ?? `“${textOf(node)}”`);
    }
  }

  function selector(node: Node): Selector {
    const name = node.getChild('Identifier');
    if (!name) throw new UnsupportedQuery('a selector without the name of a metric');
    const list = node.getChild('LabelMatchers');
    if (list?.getChild('QuotedLabelMatcher') ?? list?.getChild('QuotedLabelName'))
      throw new UnsupportedQuery('a quoted name');
    return {
      kind: 'selector',
      metric: textOf(name),
      matchers: (list?.getChildren('UnquotedLabelMatcher') ?? []).map(matcher),
    };
  }

  function matcher(node: Node): Matcher {
    const operator = textOf(child(node, 'MatchOp')) as Matcher['operator'];
    const value = stringIn(textOf(child(node, 'StringLiteral')));
    return {
      label: textOf(child(node, 'LabelName')),
      operator,
      value,
      ...(operator.endsWith('~') && { pattern: patternIn(value) }),
    };
  }

  function durations(node: Node, kind = 'DurationExpr'): number[] {
    return node.getChildren(kind).map((each) => durationIn(textOf(each)) / scale);
  }

  function call(node: Node): Expression {
    const name = textOf(child(node, 'FunctionIdentifier'));
    if (!functionNames.includes(name)) throw new UnsupportedQuery(`the function ${name}`);
    const args = expressionsIn(child(node, 'FunctionCallBody')).map(build);
    const [of, horizon] = args;
    if (name === 'predict_linear' && of && horizon?.kind === 'number')
      return { kind: 'call', name, args: [of, { kind: 'number', value: horizon.value / scale }] };
    return { kind: 'call', name, args };
  }

  function aggregation(node: Node): Expression {
    const operator = textOf(child(node, 'AggregateOp')).toLowerCase();
    if (!(aggregations as readonly string[]).includes(operator))
      throw new UnsupportedQuery(`the aggregation ${operator}`);
    const modifier = node.getChild('AggregateModifier');
    return {
      kind: 'aggregation',
      operator: operator as Aggregation,
      by: { isBy: modifier?.getChild('Without') == null, labels: modifier ? labelsIn(modifier) : [] },
      of: build(onlyChild(child(node, 'FunctionCallBody'))),
    };
  }

  function labelsIn(node: Node): string[] {
    return node.getChild('GroupingLabels')?.getChildren('LabelName').map(textOf) ?? [];
  }

  function binary(node: Node): Expression {
    const [first, ...rest] = childrenOf(node);
    const last = rest.at(-1);
    const [sign] = rest;
    if (!first || !last || !sign) throw new UnsupportedQuery(`“${textOf(node)}”`);
    const operator = textOf(sign).toLowerCase();
    if (!operators.has(operator)) throw new UnsupportedQuery(`the operator ${operator}`);
    return {
      kind: 'binary',
      operator: operator as BinaryOperator,
      left: build(first),
      right: build(last),
      isBool: node.getChild('BoolModifier') !== null,
      ...matchingIn(node.getChild('MatchingModifierClause')),
    };
  }

  function matchingIn(clause: Node | null): Pick<Binary, 'matching' | 'many' | 'include'> {
    const lists = clause?.getChildren('GroupingLabels') ?? [];
    const [labels = [], include = []] = lists.map((each) => each.getChildren('LabelName').map(textOf));
    const isLeft = clause?.getChild('GroupLeft') != null;
    const isRight = clause?.getChild('GroupRight') != null;
    return {
      matching: { isOn: clause?.getChild('On') != null, labels },
      many: isLeft ? 'left' : isRight ? 'right' : undefined,
      include,
    };
  }

  return build(tree.topNode);
}

const nameOfNode: Readonly<Record<string, string>> = {
  StepInvariantExpr: 'the modifier @',
  StringLiteral: 'a text as a value',
};

function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  for (let each = node.firstChild; each; each = each.nextSibling) children.push(each);
  return children.filter(({ name }) => name !== 'LineComment');
}

/** What is not a name, an operator or a duration. */
const expressionsIn = (node: Node) => childrenOf(node).filter(({ name }) => name !== 'DurationExpr');

function onlyChild(node: Node): Node {
  const [only] = expressionsIn(node);
  if (!only) throw new UnsupportedQuery('an empty expression');
  return only;
}

function lastChild(node: Node): Node {
  const last = childrenOf(node).at(-1);
  if (!last) throw new UnsupportedQuery('an empty expression');
  return last;
}

function child(node: Node, name: string): Node {
  const found = node.getChild(name);
  if (!found) throw new UnsupportedQuery(`an expression without ${name}`);
  return found;
}

function stringIn(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1);
  const inner = text.startsWith("'")
    ? text.slice(1, -1).replaceAll(String.raw`\'`, "'").replaceAll('"', String.raw`\"`)
    : text.slice(1, -1);
  try {
    return JSON.parse(`"${inner}"`) as string;
  } catch {
    throw new UnsupportedQuery(`the text ${text}`);
  }
}

/**
 * A pattern must match the whole value. With the flag `u`, what RE2 alone knows is an error, and not another pattern.
 *
 * @see https://github.com/google/re2/wiki/Syntax
 */
function patternIn(text: string): RegExp {
  // RE2 sets flags for the rest, such as (?i); here they have a group.
  const grouped = inUnicode(text).replace(/^\(\?([ims]+)\)(.*)$/s, '(?$1:$2)');
  try {
    return new RegExp(`^(?:${grouped})$`, 'su');
  } catch {
    throw new UnsupportedQuery(`the pattern ${JSON.stringify(text)}`);
  }
}

/** RE2 takes a brace that repeats nothing, and any sign after a backslash, for the sign itself. */
function inUnicode(pattern: string): string {
  return pattern.replaceAll(/\\[pPx]\{[^}]*\}|\\.|\{\d+(?:,\d*)?\}|[{}]/gs, (token) =>
    /^\\?[ -/:-@[-`{-~]$/.test(token)
      ? String.raw`\x${token.charCodeAt(token.length - 1).toString(16)}`
      : token,
  );
}

function numberIn(text: string): number {
  if (/^[+-]?inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  const value = Number(text);
  if (Number.isNaN(value)) throw new UnsupportedQuery(`the number ${text}`);
  return value;
}

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/**
 * @returns milliseconds
 * @throws {UnsupportedQuery}
 * @see https://prometheus.io/docs/prometheus/latest/querying/basics/#time-durations
 */
export function durationIn(text: string): number {
  // Zero needs no unit.
  if (text === '0') return 0;
  if (!/^(?:\d+(?:ms|[smhdwy]))+$/.test(text)) throw new UnsupportedQuery(`the duration ${text}`);
  return [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce(
    (sum, [, figure, unit = '']) => sum + Number(figure) * (units[unit] ?? 0),
    0,
  );
}
