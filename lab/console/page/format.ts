import { withCommas } from '../../report/digits.ts';

/** Formats of figures. They are made for comparison, so that similar values have the same number of digits. */

/** @param ms milliseconds */
export function duration(ms: number): string {
  if (ms < 0) return `−${duration(-ms)}`;
  // The limits are where rounding would print the next unit, as in `1000 µs`.
  if (ms < 0.9995) return `${Math.round(ms * 1000)} µs`;
  if (ms < 9.995) return `${ms.toFixed(2)} ms`;
  if (ms < 99.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`;
  const whole = Math.round(ms / 1000);
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Such as `1 line` and `2 lines`. */
export function numberOf(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** A time that somebody chose, such as `5 min`, or that is left. @param ms milliseconds */
export function roughly(ms: number): string {
  const whole = Math.round(ms / 1000);
  const parts: ReadonlyArray<readonly [number, string]> = [
    [Math.floor(whole / 3600), 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ];
  return (
    parts
      .filter(([amount]) => amount > 0)
      .slice(0, 2)
      .map(([amount, unit]) => `${amount} ${unit}`)
      .join(' ') || '0 s'
  );
}

/** A time between two readings of clocks that have whole milliseconds. */
export function elapsed(ms: number): string {
  const whole = Math.max(Math.floor(ms), 0);
  if (whole < 1000) return `${whole} ms`;
  return whole < 60_000 ? `${(whole / 1000).toFixed(3)} s` : duration(whole);
}

export function seconds(value: number): string {
  return duration(value * 1000);
}

export function count(value: number): string {
  return grouped(value, 0);
}

/** Not by `Intl`, whose first use takes a browser 40 ms: it reads the data of all languages, while the first view waits. */
export function grouped(value: number, decimals: number): string {
  return withCommas(value.toFixed(decimals));
}

const thousands = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
] as const;

/** A value of any size, with four digits and in no more than nine characters. */
export function figure(value: number): string {
  const rounded = Number(value.toPrecision(4));
  const size = Math.abs(rounded);
  if (size >= 1e15 || (size > 0 && size < 1e-3)) return rounded.toExponential().replace('e+', 'e');
  const [divisor, letter] = thousands.find(([each]) => size >= each) ?? [1, ''];
  return `${withCommas(String(Number((rounded / divisor).toPrecision(4))))}${letter}`;
}

/** With six digits, and all of those before the point as far as they are exact: a count is the one that was sent. */
export function inFull(value: number): string {
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return figure(value);
  const isLong = Math.abs(value) >= 1e5;
  return value.toLocaleString('en', isLong ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 6 });
}

/** What happens at all does not look like nothing. */
export function rate(value: number): string {
  if (value > 0 && value < 0.05) return '<0.1';
  return value < 10 ? String(Number(value.toFixed(1))) : grouped(value, 0);
}

/** @param share from 0 to 1 */
export function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

export function bytes(value: number): string {
  return `${(value / 1_048_576).toFixed(0)} MiB`;
}

/** Local time of the browser, to the millisecond. @param time milliseconds since 1970 */
export function clock(time: number): string {
  const date = new Date(time);
  const part = (value: number, digits = 2) => String(value).padStart(digits, '0');
  return `${part(date.getHours())}:${part(date.getMinutes())}:${part(date.getSeconds())}.${part(date.getMilliseconds(), 3)}`;
}

const isToday = (date: Date): boolean => date.toDateString() === new Date().toDateString();

/** With the day, unless it is today: a file may be of any day, and so may be the clock of a sender. */
export function dated(time: number): string {
  const date = new Date(time);
  return isToday(date) ? clock(time) : `${date.toDateString()}, ${clock(time)}`;
}

/** Milliseconds within which the time of day alone is clear: at five past midnight, so is 23:58. */
const clear = 12 * 3_600_000;

/** Whether the time of day alone says which one it is. */
export const isClear = (time: number): boolean =>
  isToday(new Date(time)) || Math.abs(Date.now() - time) < clear;

/** A time of another day in the room of a time of today: such as `Nov 27 14:03`, and of another year `Nov 27, 2025`. */
export function listed(time: number): string {
  const date = new Date(time);
  if (isClear(time)) return clock(time);
  const day = date.toDateString().slice(4, 10);
  const year = date.getFullYear();
  return year === new Date().getFullYear() ? `${day} ${clock(time).slice(0, 5)}` : `${day}, ${year}`;
}

/** The same without milliseconds. */
export const toTheSecond = (time: number): string => listed(time).replace(/\.\d{3}$/, '');

/** A Unix time in seconds, as a date if there is one. */
export function moment(value: number): string {
  return Math.abs(value) <= 8.64e12 ? dated(value * 1000) : inFull(value);
}

/** Label of a round value on an axis. @param value seconds */
export function tick(value: number): string {
  return value < 1 ? `${Number((value * 1000).toPrecision(3))} ms` : `${Number(value.toPrecision(3))} s`;
}

/** Enough of an id to distinguish it from others at a glance. */
export function shortId(id: string): string {
  return id.length > 12 ? `${id.slice(0, 4)}…${id.slice(-6)}` : id;
}

/** The name of a trace, a span or an event, which may have none. */
export function named(name: string): string {
  return name.trim() === '' ? 'without a name' : name;
}

/** What a log line says. One without a text is an event. */
export function said({ text: own, event }: { text: string; event: string }): string {
  return [own, event].find((each) => each.trim() !== '') ?? 'without a text';
}

/** The value of an attribute as text. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
