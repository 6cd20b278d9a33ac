import { escapeText } from '../../src/http/html-text.ts';
import { matches, type Panel, type Threshold } from './dashboard-file.ts';

/** A rectangle in the picture. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Middle tones, which are legible on a light and on a dark page. Names are those of Grafana's palette. */
const colours: Readonly<Record<string, string>> = {
  green: '#37872d',
  yellow: '#c4a000',
  orange: '#e0752d',
  'semi-dark-orange': '#b4591a',
  red: '#d63a4a',
  'dark-red': '#9b1c2b',
  blue: '#3274d9',
  purple: '#8f3bb8',
  text: '#8a8a8a',
};

const palette = [
  '#3274d9',
  '#37872d',
  '#e0752d',
  '#8f3bb8',
  '#c4a000',
  '#d63a4a',
  '#0f8a9d',
  '#a0522d',
  '#5c6bc0',
  '#7a9a01',
  '#c2185b',
  '#607d8b',
];

export const colourNamed = (name: string): string => colours[name] ?? name;

/** The colour that an override gives to a series, otherwise the next one of the palette. */
export function colourOf({ fieldConfig }: Panel, name: string, index: number): string {
  for (const override of fieldConfig?.overrides ?? []) {
    if (!matches(override, name)) continue;
    const fixed = override.properties.find(({ id }) => id === 'color')?.value as
      | { fixedColor: string }
      | undefined;
    if (fixed) return colourNamed(fixed.fixedColor);
  }
  return palette[index % palette.length] ?? '';
}

/** The colour of the last threshold that the value has reached. */
export function colourAt(steps: readonly Threshold[], value: number): string {
  const reached = steps.findLast((step) => step.value === null || value >= step.value);
  return colourNamed(reached?.color ?? 'blue');
}

/** Pixels that a text takes, about. */
export const widthOf = (words: string, size: number): number => words.length * size * 0.56;

/** Cuts a text that would be wider. */
export function fit(words: string, width: number, size: number): string {
  const room = Math.floor(width / (size * 0.56));
  return escapeText(words.length <= room ? words : `${words.slice(0, Math.max(0, room - 1))}…`);
}

export const round = (value: number): string => String(Number(value.toFixed(1)));

export function text(
  content: string,
  { x, y, kind = '', anchor = 'start' }: { x: number; y: number; kind?: string; anchor?: string },
): string {
  const attributes = `${kind === '' ? '' : ` class="${kind}"`}${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}`;
  return `<text x="${round(x)}" y="${round(y)}"${attributes}>${content}</text>`;
}
