import type { Bar } from '../evidence.ts';
import { escapeText } from '../../../src/http/html-text.ts';

const width = 760;
const rowHeight = 19;
const names = 190;
const room = width - names - 8;

const lengthOf = (bars: readonly Bar[]) =>
  Math.max(1, ...bars.map(({ start, duration }) => start + duration));

/** Draws the spans of a trace as an SVG waterfall. */
export function drawWaterfall(bars: readonly Bar[]): string {
  const length = lengthOf(bars);
  const rows = bars.map(({ name, depth, start, duration, failed, note }, index) => {
    const y = index * rowHeight;
    const x = names + (room * start) / length;
    const wide = Math.max(2, (room * duration) / length);
    // A label starts with its bar, unless it would run out of the picture.
    const label = `${show(duration)}  ${note}`;
    const labelX = Math.min(x + 4, width - Math.min(room, label.length * 5.6));
    return (
      `<text class="span" x="${8 + 12 * depth}" y="${y + 13}">${escapeText(name)}</text>` +
      `<rect class="bar ${failed ? 'failed' : ''}" x="${x.toFixed(1)}" y="${y + 2}" width="${wide.toFixed(1)}" height="${rowHeight - 4}" rx="2"/>` +
      `<text class="span-note" x="${labelX.toFixed(1)}" y="${y + 13}">${escapeText(label)}</text>`
    );
  });
  return `<svg viewBox="0 0 ${width} ${bars.length * rowHeight + 4}" role="img" class="waterfall"><title>A trace as a waterfall</title>${rows.join('')}</svg>`;
}

const textRoom = 28;

/** Draws the spans of a trace as plain text. */
export function printWaterfall(bars: readonly Bar[]): string {
  const length = lengthOf(bars);
  const label = Math.max(...bars.map(({ name, depth }) => name.length + 2 * depth));
  return bars
    .map(({ name, depth, start, duration, failed, note }) => {
      const before = Math.min(textRoom - 1, Math.round((textRoom * start) / length));
      const wide = Math.min(textRoom - before, Math.max(1, Math.round((textRoom * duration) / length)));
      const bar = `${' '.repeat(before)}${'█'.repeat(wide)}`.padEnd(textRoom);
      const text = `${'  '.repeat(depth)}${name}`.padEnd(label + 1);
      return `${text}${bar} ${show(duration).padStart(8)} ${failed ? '✗' : ' '} ${note}`.trimEnd();
    })
    .join('\n');
}

function show(milliseconds: number): string {
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${milliseconds.toFixed(0)} ms`;
}
