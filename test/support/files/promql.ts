import { parser } from '@prometheus-io/lezer-promql';

export interface LabelMatcher {
  label: string;
  operator: '=' | '!=' | '=~' | '!~';
  value: string;
}

export interface PromqlSelector {
  metric: string;
  matchers: LabelMatcher[];
}

export interface ParsedPromql {
  selectors: PromqlSelector[];
  /** Labels in `by`, `on` and the like. */
  groupingLabels: string[];
}

/** @throws {SyntaxError} on invalid PromQL */
export function parsePromql(text: string): ParsedPromql {
  const selectors: PromqlSelector[] = [];
  const groupingLabels: string[] = [];
  const textOf = ({ from, to }: { from: number; to: number }) => text.slice(from, to);
  parser.parse(text).iterate({
    enter({ type, node }) {
      if (type.isError) throw new SyntaxError(`invalid PromQL at ${node.from}: ${text}`);
      if (type.name === 'GroupingLabels') {
        groupingLabels.push(...node.getChildren('LabelName').map(textOf));
      }
      if (type.name !== 'VectorSelector') return;
      const metric = node.getChild('Identifier');
      if (!metric) throw new SyntaxError(`a selector without a metric name: ${textOf(node)}`);
      const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
      selectors.push({
        metric: textOf(metric),
        matchers: matchers.map((matcher) => parseMatcher(textOf(matcher))),
      });
    },
  });
  return { selectors, groupingLabels };
}

const matcherForm = /^(\w+)\s*(=~|!~|!=|=)\s*(".*")$/s;

function parseMatcher(text: string): LabelMatcher {
  const [, label = '', operator, value = '""'] = matcherForm.exec(text) ?? [];
  return { label, operator: operator as LabelMatcher['operator'], value: JSON.parse(value) as string };
}
