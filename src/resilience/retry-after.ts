/**
 * The wait in milliseconds that a `Retry-After` header asks for, from seconds or from an HTTP date; `undefined` if it has
 * neither. A date that has passed is no wait.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function millisecondsOfRetryAfter(header: string, now: number): number | undefined {
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const date = parseHttpDate(header, now);
  return date === undefined ? undefined : Math.max(0, date - now);
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const month = `(?<month>${months.join('|')})`;
const time = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;

/** The three forms that a recipient must accept: IMF-fixdate, the form of RFC 850, and that of C's asctime. */
const forms = [
  String.raw`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\d\d) ${month} (?<year>\d{4}) ${time} GMT`,
  String.raw`(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\d\d)-${month}-(?<year>\d\d) ${time} GMT`,
  String.raw`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${month} (?<day>[ \d]\d) ${time} (?<year>\d{4})`,
].map((form) => new RegExp(`^${form}$`));

/**
 * Milliseconds since 1970. Why not `Date.parse`: it reads a date without a zone, as in the form of asctime, in the local time
 * of this machine, and takes a text such as `-5` for a date in 2001.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
 */
function parseHttpDate(text: string, now: number): number | undefined {
  for (const form of forms) {
    const parts = form.exec(text)?.groups;
    if (parts === undefined) continue;
    const number = (name: string) => Number(parts[name]);
    return Date.UTC(
      parts['year']?.length === 2 ? fullYear(number('year'), now) : number('year'),
      months.indexOf(parts['month'] ?? ''),
      number('day'),
      number('hour'),
      number('minute'),
      number('second'),
    );
  }
  return undefined;
}

/** A year of two digits that would be more than 50 years ahead is the last past one with these digits. */
function fullYear(digits: number, now: number): number {
  const year = new Date(now).getUTCFullYear();
  const ofThisCentury = year - (year % 100) + digits;
  return ofThisCentury > year + 50 ? ofThisCentury - 100 : ofThisCentury;
}
