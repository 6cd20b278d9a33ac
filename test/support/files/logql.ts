import { parser } from '@grafana/lezer-logql';

export interface ParsedLogql {
  /** Labels that select the streams. */
  streams: Record<string, string>;
  /** Filters on structured metadata. `value` is undefined for a comparison with a number. */
  filters: Array<{ field: string; value?: string }>;
  /** Labels in `by`. */
  groupingLabels: string[];
}

/** @throws {SyntaxError} on invalid LogQL */
export function parseLogql(text: string): ParsedLogql {
  const parsed: ParsedLogql = { streams: {}, filters: [], groupingLabels: [] };
  const textOf = ({ from, to }: { from: number; to: number }) => text.slice(from, to);
  parser.parse(text).iterate({
    enter({ type, node }) {
      if (type.isError) throw new SyntaxError(`invalid LogQL at ${node.from}: ${text}`);
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
