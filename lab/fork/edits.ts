/**
 * What a file says differently in a fork. An edit that finds nothing to change is an error, so that a change of the file which
 * moves what a fork must lose fails CI.
 */
export type Edit = (text: string) => string;

/** A file that a fork has under the same name, or under another, with what it loses. */
export interface EditedFile {
  from: string;
  /** Default: the same. In the words of the starter. */
  to?: string;
  edits: readonly Edit[];
}

/** The file is no longer what an edit expects. `message` names the edit. */
export class StaleEdit extends Error {
  override readonly name = 'StaleEdit';
}

/** Replaces every occurrence. */
export function replace(from: string | RegExp, to: string): Edit {
  return (text) => {
    // A replacement of a text is that text, whatever `$` it has.
    const edited = typeof from === 'string' ? text.replaceAll(from, () => to) : text.replaceAll(from, to);
    if (edited === text) throw new StaleEdit(`nothing matches ${String(from)}`);
    return edited;
  };
}

/** Removes every match. */
export function remove(what: string | RegExp): Edit {
  return replace(what, '');
}

/**
 * Removes a block: the line that begins with `start`, the deeper lines below it, a line of the same depth that only closes it,
 * and the comment right above.
 */
export function withoutBlock(start: string): Edit {
  return replaceBlock(start, '');
}

export function replaceBlock(start: string, by: string): Edit {
  return (text) => {
    const lines = text.split('\n');
    const first = lines.findIndex((line) => isStart(line.trim(), start));
    if (first < 0) throw new StaleEdit(`no block begins with ${start}`);
    const depth = depthOf(lines[first] ?? '');
    let begin = first;
    while (isComment(lines[begin - 1]) && commentDepthOf(lines[begin - 1] ?? '') === depth) begin -= 1;
    let end = first + 1;
    while (end < lines.length && (lines[end]?.trim() === '' || depthOf(lines[end] ?? '') > depth)) end += 1;
    if (/^\s*[)}\]]+[;,]?$/.test(lines[end] ?? '') && depthOf(lines[end] ?? '') === depth) end += 1;
    while (lines[end - 1]?.trim() === '') end -= 1;
    // A blank line separates two neighbours, so it goes with one of them.
    const above = lines[begin - 1] ?? '';
    const isFirst = above.trim() === '' || depthOf(above) < depth;
    if (by === '' && isFirst && lines[end]?.trim() === '') end += 1;
    return [...lines.slice(0, begin), ...(by === '' ? [] : [by]), ...lines.slice(end)].join('\n');
  };
}

/** A key of YAML stands alone on its line. */
const isStart = (line: string, start: string): boolean =>
  start.endsWith(':') ? line === start : line.startsWith(start);
const depthOf = (line: string): number => line.length - line.trimStart().length;
/** The later lines of a doc comment are one deeper than its first. */
const commentDepthOf = (line: string): number => depthOf(line) - (/^\s*\*/.test(line) ? 1 : 0);
const isComment = (line: string | undefined): boolean => /^\s*(?:#|\/\/|\/?\*)/.test(line ?? '');
