import type { Lag } from './admin.ts';
import type { Counts, ServiceLines } from './counts.ts';
import { firstError } from './lines/levels.ts';

/** Where people are told. Standard output may carry lines, so it is standard error. */
export interface Terminal {
  /** Prints a sentence. */
  say(sentence: string): void;
  /** Shows the table for the last time, and leaves it there. @param always even where there is no terminal */
  close(always: boolean): void;
}

/** Milliseconds between two pictures, and rows of services. */
const interval = 500;
const mostRows = 12;
const barWidth = 30;
/** Columns. */
const nameWidth = 30;

/**
 * Shows a table that renews itself, if there is a terminal.
 *
 * @param share what is read of all there is, or `undefined` if nobody knows
 */
export function createTerminal(
  counts: Counts,
  lag: () => Lag,
  share: () => number | undefined,
  stream: NodeJS.WriteStream = process.stderr,
): Terminal {
  // Nobody may read it any more.
  stream.on('error', () => {});
  let height = 0;
  let before = 0;
  let at = performance.now();

  function erase(): void {
    if (height > 0) stream.write(`\u001b[${height}A\u001b[J`);
    height = 0;
  }

  function draw(): void {
    const now = performance.now();
    const lines = totalOf(counts).lines;
    const perSecond = ((lines - before) * 1000) / (now - at);
    [before, at] = [lines, now];
    erase();
    // What does not fit would move the cursor further than `erase` moves it back. Some terminals do not know their size.
    const rows = picture(counts, lag(), share(), perSecond)
      .slice(0, (stream.rows || Number.POSITIVE_INFINITY) - 1)
      .map((each) => cut(each, (stream.columns || Number.POSITIVE_INFINITY) - 1));
    stream.write(`${rows.join('\n')}\n`);
    height = rows.length;
  }

  const timer = stream.isTTY ? setInterval(draw, interval).unref() : undefined;
  return {
    say(sentence) {
      erase();
      stream.write(`${printable(sentence)}\n`);
    },
    close(always) {
      clearInterval(timer);
      if (timer !== undefined || always) draw();
      height = 0;
    },
  };
}

/** The rows of the table, without colours. */
export function picture(
  counts: Counts,
  { bytes, seconds, batchesInFlight, isWaiting }: Lag,
  share: number | undefined,
  perSecond: number,
): string[] {
  const services = [...counts.all()]
    .map((each) => {
      const { lines, errors } = sums(each);
      return { name: each.service, lines, errors };
    })
    .filter(({ lines }) => lines > 0)
    .toSorted((a, b) => b.errors - a.errors || b.lines - a.lines);
  const rows = services.slice(0, mostRows).map(({ name, lines, errors }) => row(name, lines, errors));
  const hidden = services.length - rows.length;
  return [
    row('service', 'lines', 'errors'),
    ...rows,
    ...(hidden > 0 ? [`and ${hidden} more`] : []),
    `${perSecond.toFixed(0)} lines/s · ${batchesInFlight} batches in flight · ${megabytes(bytes)} behind, ${seconds.toFixed(0)} s` +
      (isWaiting ? ' · waiting for a receiver' : ''),
    ...(share === undefined ? [] : [bar(share)]),
  ];
}

function row(name: string, lines: string | number, errors: string | number): string {
  const shown = cut(printable(name), nameWidth);
  const room = ' '.repeat(nameWidth - widthOf(shown));
  return `${shown}${room} ${String(lines).padStart(12)} ${String(errors).padStart(10)}`;
}

/** Two columns of a terminal: the scripts of East Asia, their full-width signs, and emoji. */
const wide =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})$/u;

/** Columns that a character takes; none if it is drawn upon the one before. */
function widthOfOne(character: string): number {
  return /^\p{M}$/u.test(character) ? 0 : wide.test(character) ? 2 : 1;
}

function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += widthOfOne(character);
  return width;
}

/** The beginning of a text that has room in these columns. */
function cut(text: string, columns: number): string {
  let [shown, width] = ['', 0];
  for (const character of text) {
    width += widthOfOne(character);
    if (width > columns) break;
    shown += character;
  }
  return shown;
}

function bar(share: number): string {
  const filled = Math.round(Math.min(1, share) * barWidth);
  return `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${(Math.min(1, share) * 100).toFixed(0)} %`;
}

function sums({ lines }: ServiceLines): { lines: number; errors: number } {
  return {
    lines: lines.reduce((total, value) => total + value, 0),
    errors: lines.subarray(firstError).reduce((total, value) => total + value, 0),
  };
}

export function totalOf(counts: Counts): { lines: number; errors: number } {
  let [lines, errors] = [0, 0];
  for (const each of counts.all()) {
    const own = sums(each);
    lines += own.lines;
    errors += own.errors;
  }
  return { lines, errors };
}

/** Such as `1 line` and `2 lines`. */
export function numberOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Names come from lines, files and receivers: a terminal must not obey what they hold. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '�');
}
