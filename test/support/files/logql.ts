import { parser } from '@grafana/lezer-logql';

export interface ParsedLogql {
  /** Labels of the streams. */
  streams: Record<string, string>;
  /** What the lines are filtered by: structured metadata. `value` is missing where it is compared with a number. */
  filters: Array<{ field: string; value?: string }>;
  /** In `by`. */
  groupingLabels: string[];
}

/** @throws {SyntaxError} where it is no LogQL */
export function parseLogql(text: string): ParsedLogql {
  const parsed: ParsedLogql = { streams: {}, filters: [], groupingLabels: [] };
  const textOf = ({ from, to }: { from: number; to: number }) => text.slice(from, to);
  parser.parse(text).iterate({
    enter({ type, node }) {
      if (type.isError) throw new SyntaxError(`no LogQL at ${node.from}: ${text}`);
      const identifier = node.getChild('Identifier');
      const name = identifier ? textOf(identifier) : '';
      if (type.name === 'Labels') parsed.groupingLabels.push(...node.getChildren('Identifier').map(textOf));
      if (type.name === 'NumberFilter') parsed.filters.push({ field: name });
      if (type.name !== 'Matcher') return;
      const quoted = node.getChild('String');
      const value = quoted ? (JSON.parse(textOf(quoted)) as string) : '';
      if (node.parent?.name === 'LabelFilter') parsed.filters.push({ field: name, value });
      else parsed.streams[name] = value;
    },
  });
  return parsed;
}
