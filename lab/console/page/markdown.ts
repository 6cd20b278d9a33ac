/** A part of a line of text. */
export type Inline =
  | { kind: 'text' | 'code' | 'strong' | 'emphasis'; text: string }
  | { kind: 'link'; text: string; target: string };

export type Block =
  | { kind: 'heading'; level: number; content: Inline[] }
  | { kind: 'paragraph'; content: Inline[] }
  | { kind: 'code'; language: string; text: string }
  | { kind: 'list'; isOrdered: boolean; items: Inline[][] }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] };

const listItem = /^(?:[-*]|\d+\.)\s+/;

/**
 * Reads the Markdown that runbooks are written in: headings, paragraphs, fenced code, lists without nesting, tables, links, code
 * and emphasis. The result is data and no markup; libraries for Markdown return a string of HTML, which the page's policy
 * refuses. Anything else stays text.
 *
 * @see https://spec.commonmark.org/current/
 */
export function blocksOf(markdown: string): Block[] {
  const lines = markdown.replaceAll('\r\n', '\n').split('\n');
  const blocks: Block[] = [];
  let at = 0;
  const isEnd = (line: string) => line.trim() === '' || /^(?:#{1,6} |```|\|)/.test(line);

  function take(isPart: (line: string) => boolean): string[] {
    const first = at;
    while (at < lines.length && isPart(lines[at] ?? '')) at += 1;
    return lines.slice(first, at);
  }

  while (at < lines.length) {
    const line = lines[at] ?? '';
    const heading = /^(#{1,6}) +(.*)$/.exec(line);
    const fence = /^```\s*(\w*)/.exec(line);
    if (heading) {
      at += 1;
      blocks.push({ kind: 'heading', level: heading[1]?.length ?? 1, content: inlinesOf(heading[2] ?? '') });
    } else if (fence) {
      at += 1;
      const text = take((each) => !each.startsWith('```')).join('\n');
      at += 1;
      blocks.push({ kind: 'code', language: fence[1] ?? '', text });
    } else if (line.startsWith('|')) {
      blocks.push(tableOf(take((each) => each.startsWith('|'))));
    } else if (listItem.test(line)) {
      const isOrdered = /^\d/.test(line);
      const items: string[] = [];
      for (const each of take((next) => listItem.test(next) || !isEnd(next)))
        if (listItem.test(each)) items.push(each.replace(listItem, ''));
        else items.push(`${items.pop() ?? ''} ${each.trim()}`);
      blocks.push({ kind: 'list', isOrdered, items: items.map(inlinesOf) });
    } else if (line.trim() === '') at += 1;
    else {
      // The first line belongs to the paragraph, whatever it is: so the loop always goes on.
      at += 1;
      const rest = take((each) => !isEnd(each) && !listItem.test(each));
      blocks.push({
        kind: 'paragraph',
        content: inlinesOf([line, ...rest].map((each) => each.trim()).join(' ')),
      });
    }
  }
  return blocks;
}

function tableOf(lines: readonly string[]): Block {
  // A bar in code may be escaped.
  const cellsOf = (line: string) =>
    line
      .replace(/^\|/, '')
      .replace(/\|\s*$/, '')
      .split(/(?<!\\)\|/)
      .map((cell) => inlinesOf(cell.trim().replaceAll(String.raw`\|`, '|')));
  const [head = '', ...rest] = lines;
  const rows = rest.filter((line) => !/^\|[\s:|-]+$/.test(line));
  return { kind: 'table', head: cellsOf(head), rows: rows.map(cellsOf) };
}

const inline =
  /`([^`]+)`|\*\*(.+?)\*\*|(?<![\w*])[_*]([^_*]+)[_*](?!\w)|\[((?:[^\]\\]|\\.)+)\]\(([^()\s]+)\)|<(https?:[^>\s]+)>/g;

export function inlinesOf(text: string): Inline[] {
  const found: Inline[] = [];
  let after = 0;
  for (const match of text.matchAll(inline)) {
    const [all, code, strong, emphasis, label, target, address] = match;
    if (match.index > after) found.push({ kind: 'text', text: text.slice(after, match.index) });
    after = match.index + all.length;
    if (code !== undefined) found.push({ kind: 'code', text: code });
    else if (strong !== undefined) found.push({ kind: 'strong', text: strong.replaceAll('`', '') });
    else if (emphasis !== undefined) found.push({ kind: 'emphasis', text: emphasis });
    else if (label !== undefined)
      found.push({ kind: 'link', text: label.replaceAll(/[`*_]/g, ''), target: target ?? '' });
    else found.push({ kind: 'link', text: address ?? '', target: address ?? '' });
  }
  if (after < text.length) found.push({ kind: 'text', text: text.slice(after) });
  return found;
}
