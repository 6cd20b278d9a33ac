/** A moment as seconds and nanoseconds since 1970, like an `HrTime`. */
export type Moment = readonly [seconds: number, nanoseconds: number];

/** The last second that protobuf's 64-bit nanoseconds can hold is in 2554. */
const latest = 18_446_744_073;

const iso =
  /^(\d{4}-\d\d-\d\d)[T ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:[.,](\d{1,9})\d*)?(Z|[+-]\d\d:?\d\d)?$/i;

/** Reads RFC 3339 and its usual relatives: a space for the T, a comma, no zone (then UTC). `undefined` for other texts. */
export function momentOfText(text: string): Moment | undefined {
  const [, date = '', time = '', fraction = '', zone = 'Z'] = iso.exec(text) ?? [];
  const offset = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const milliseconds = Date.parse(`${date}T${time}${offset}`);
  // Date.parse takes February 30 for March 2.
  if (Number.isNaN(milliseconds) || !isDate(date)) return undefined;
  return withinRange(milliseconds / 1000, Number(fraction.padEnd(9, '0')));
}

function isDate(date: string): boolean {
  const milliseconds = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString().startsWith(date);
}

/** Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size. */
export function momentOfNumber(value: number): Moment | undefined {
  const perSecond = value < 1e11 ? 1 : value < 1e14 ? 1e3 : value < 1e17 ? 1e6 : 1e9;
  const seconds = Math.floor(value / perSecond);
  return withinRange(seconds, Math.round((value - seconds * perSecond) * (1e9 / perSecond)));
}

/** The same of a number that a double cannot hold, to the nanosecond. */
export function momentOfWhole(value: bigint): Moment | undefined {
  const perSecond = value < 10n ** 17n ? 10n ** 6n : 10n ** 9n;
  if (value < 0n) return undefined;
  return withinRange(Number(value / perSecond), Number((value % perSecond) * (10n ** 9n / perSecond)));
}

function withinRange(seconds: number, nanoseconds: number): Moment | undefined {
  // Rounding may fill a second.
  const whole = nanoseconds >= 1e9 ? seconds + 1 : seconds;
  return whole >= 0 && whole < latest ? [whole, nanoseconds >= 1e9 ? 0 : nanoseconds] : undefined;
}

/**
 * Reads times of the form `2026-11-28T01:32:00.123Z` from bytes. Lines that follow each other share the minute, so only
 * seconds are read anew.
 */
export class TimeReader {
  seconds = 0;
  nanoseconds = 0;
  readonly #minute = new Int32Array(4);
  /** Seconds since 1970 at the start of that minute. */
  #minuteStart = Number.NaN;

  /** Sets `seconds` and `nanoseconds`. @returns whether the bytes have that form; {@link momentOfText} reads others */
  read(bytes: Buffer, view: DataView, start: number, end: number): boolean {
    const length = end - start;
    if (length < 20 || length > 30 || bytes[end - 1] !== 0x5a || bytes[start + 16] !== 0x3a) return false;
    if (!this.#isSameMinute(view, start) && !this.#readMinute(bytes, view, start)) return false;
    const tens = (bytes[start + 17] ?? 0) - 0x30;
    const ones = (bytes[start + 18] ?? 0) - 0x30;
    if (tens < 0 || tens > 5 || ones < 0 || ones > 9) return false;
    let nanoseconds = 0;
    if (length > 20) {
      if (bytes[start + 19] !== 0x2e || length === 21) return false;
      for (let at = start + 20; at < end - 1; at += 1) {
        const digit = (bytes[at] ?? 0) - 0x30;
        if (digit < 0 || digit > 9) return false;
        nanoseconds = nanoseconds * 10 + digit;
      }
      nanoseconds *= powersOfTen[30 - length] ?? 1;
    }
    this.seconds = this.#minuteStart + tens * 10 + ones;
    this.nanoseconds = nanoseconds;
    return true;
  }

  #isSameMinute(view: DataView, start: number): boolean {
    const minute = this.#minute;
    return (
      view.getInt32(start + 12, true) === minute[3] &&
      view.getInt32(start + 8, true) === minute[2] &&
      view.getInt32(start + 4, true) === minute[1] &&
      view.getInt32(start, true) === minute[0]
    );
  }

  #readMinute(bytes: Buffer, view: DataView, start: number): boolean {
    const moment = momentOfText(`${bytes.toString('latin1', start, start + 16)}:00Z`);
    if (moment === undefined) return false;
    [this.#minuteStart] = moment;
    for (let i = 0; i < 4; i += 1) this.#minute[i] = view.getInt32(start + 4 * i, true);
    return true;
  }
}

const powersOfTen = Array.from({ length: 10 }, (_, power) => 10 ** power);
