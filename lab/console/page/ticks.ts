/** Marks of an axis, with labels that are never repeated and never rounded. */

import { type Aligned, nextDefined } from './aligned.ts';
import { figure, grouped } from './format.ts';

/** A tenth above the largest value, so that a line does not touch the upper edge, and at least one count or a tenth. */
export function withHeadroom(largest: number, isWhole: boolean): number {
  return Math.max(largest * 1.1, isWhole ? 1 : 0.1);
}

/**
 * The ticks of a linear axis, from 0 to the first one that is not below `top`: at most `most` steps of 1, 2 or 5 times a
 * power of ten. The same ticks follow from the last of them.
 *
 * @param isWhole whether the values are counts, for which half a step would mean nothing
 */
export function linearTicks(top: number, most: number, isWhole: boolean): number[] {
  const step = Math.max(niceStep(top / most), isWhole ? 1 : 0);
  const steps = Math.ceil(top / step - 1e-9);
  return Array.from({ length: steps + 1 }, (_none, index) => Number((index * step).toPrecision(12)));
}

/** The smallest of 1, 2 or 5 times a power of ten that is not below the given length. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((each) => each * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}

const multiples = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** Labels with exactly the decimals that the step between the ticks needs. From 10,000 on they count in thousands, millions and so on. */
export function linearLabels(ticks: readonly number[], unit = ''): string[] {
  const top = ticks.at(-1) ?? 0;
  const [divisor, suffix] = multiples.find(([least]) => top >= 10 * least) ?? [1, ''];
  const step = ((ticks[1] ?? 1) - (ticks[0] ?? 0)) / divisor;
  const digits = decimalsOf(step);
  return ticks.map((tick) => `${grouped(tick / divisor, digits)}${suffix}${unit}`);
}

function decimalsOf(step: number): number {
  return Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
}

/** Characters that an axis has room for. */
const mostCharacters = 8;

/** Labels of values that may be near to each other and far from 0: with as many digits as they need, or else by their distance from the first. */
export function distinctLabels(ticks: readonly number[], format: (value: number) => string): string[] {
  const short = ticks.map((tick) => format(tick));
  if (new Set(short).size === short.length) return short;
  const [first = 0, second = 1] = ticks;
  const isExact = (digits: number) =>
    ticks.every((tick) => Math.abs(Number(tick.toFixed(digits)) - tick) < (second - first) / 1000);
  const digits = Array.from({ length: 16 }, (_none, index) => index).find(isExact) ?? 16;
  const long = ticks.map((tick) => grouped(tick, digits));
  if (long.every(({ length }) => length <= mostCharacters)) return long;
  return ticks.map((tick, index) => (index === 0 ? format(tick) : `+${figure(tick - first)}`));
}

const day = 86_400;

/** Labels of Unix times in seconds, with the parts of a local date that tell them apart. */
export function dateLabels(ticks: readonly number[]): string[] {
  const [first = 0, second = first] = ticks;
  const last = ticks.at(-1) ?? first;
  if (!hasDate(first) || !hasDate(last)) return distinctLabels(ticks, figure);
  const step = second - first;
  const part: [number, number] =
    last - first < day ? [11, 19] : step < day ? [8, 16] : step < 31 * day ? [5, 10] : [0, 7];
  return distinctLabels(ticks, (tick) => localDate(tick).slice(...part));
}

/** The time of a moment of today, and the day of any other. @param time Unix time in seconds */
export function briefDate(time: number): string {
  if (!hasDate(time)) return figure(time);
  const date = localDate(time);
  const [today] = localDate(Date.now() / 1000).split(' ');
  return date.startsWith(`${today} `) ? date.slice(11, 19) : date.slice(0, 10);
}

/** Whether it is of a year with four digits. */
const hasDate = (time: number): boolean => time > -6e10 && time < 2e11;

/** Such as `2026-11-29 14:03:20`. */
function localDate(time: number): string {
  const offset = new Date(time * 1000).getTimezoneOffset() * 60;
  return new Date((time - offset) * 1000).toISOString().replace('T', ' ');
}

/** Whole decades around values on a logarithmic axis, at least two of them. Without a positive value: 1 ms to 1 s. */
export function decadesAround(values: readonly number[]): [low: number, high: number] {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  if (positive.length === 0) return [0.001, 1];
  const low = exponentBelow(positive.reduce((a, b) => Math.min(a, b)));
  const high = -exponentBelow(1 / positive.reduce((a, b) => Math.max(a, b)));
  return [10 ** low, 10 ** Math.max(low + 2, high)];
}

/** The largest exponent whose power of ten is not above the value. The logarithm of a power of ten may be inexact. */
function exponentBelow(value: number): number {
  const exponent = Math.floor(Math.log10(value) + 1e-9);
  return 10 ** exponent > value * (1 + 1e-9) ? exponent - 1 : exponent;
}

/** Seconds between the ticks of a time axis. All divide a quarter of an hour, so the ticks are round in every time zone. */
const timeSteps = [1, 2, 5, 10, 15, 30, 60, 150, 300, 900];
/** Pixels that a label such as `14:03:20` needs, and those that keep it apart from the next. */
const timeLabelWidth = 52;
const timeLabelSpace = 38;

/**
 * Round times of a period, none of them so near to an edge that its label would be cut.
 *
 * @param period from and to, in milliseconds since 1970
 * @param width of the axis in pixels
 * @returns milliseconds since 1970, ascending
 */
export function timeTicks({ from, to }: { from: number; to: number }, width: number): number[] {
  const length = to - from;
  if (!(length > 0) || width < timeLabelWidth) return [];
  const perPixel = length / width;
  const least = (timeLabelWidth + timeLabelSpace) * perPixel;
  // An address may have any period.
  const step = 1000 * (timeSteps.find((each) => each * 1000 >= least) ?? 900 * Math.ceil(least / 900_000));
  const edge = (timeLabelWidth / 2) * perPixel;
  const ticks: number[] = [];
  for (let at = Math.ceil((from + edge) / step) * step; at <= to - edge; at += step) ticks.push(at);
  return ticks;
}

/** Local time of the browser, to the second. @param time milliseconds since 1970 */
export function timeLabel(time: number): string {
  return new Date(time).toTimeString().slice(0, 8);
}

/**
 * The values without those at rest: a zero between zeros becomes a gap, because a coloured line along zero looks like a
 * reading of something that happens.
 */
export function withoutRest(values: Aligned): Array<number | null | undefined> {
  const isRest = (value: number | null | undefined) => value === 0 || value === null || value === undefined;
  return values.map((value, index) =>
    value === 0 &&
    isRest(values[nextDefined(values, index - 1, -1)]) &&
    isRest(values[nextDefined(values, index + 1, 1)])
      ? null
      : value,
  );
}
