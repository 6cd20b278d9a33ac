import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { millisecondsOfRetryAfter } from './retry-after.ts';

// A date is in GMT wherever the machine is (RFC 9110, section 5.6.7).
beforeEach(() => void vi.stubEnv('TZ', 'America/New_York'));
afterEach(() => void vi.unstubAllEnvs());

test('these tests run in another time zone than GMT', () => {
  expect(new Date(0).getTimezoneOffset()).toBe(300);
});

const now = Date.UTC(1994, 10, 6, 8, 48, 37);

// The three dates are those of RFC 9110, section 5.6.7.
test.each([
  ['120', 120_000],
  ['0', 0],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 60_000],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 60_000],
  ['Sun Nov  6 08:49:37 1994', 60_000],
  ['Sun, 06 Nov 1994 08:48:36 GMT', 0],
  ['Wed, 21 Oct 2015 07:28:00 GMT', Date.UTC(2015, 9, 21, 7, 28) - now],
])('Retry-After: %s is a wait of %d ms', (header, wait) => {
  expect(millisecondsOfRetryAfter(header, now)).toBe(wait);
});

test.each([
  'soon',
  '',
  '-5',
  '1.5',
  '1e3',
  '1994-11-06T08:49:37Z',
  'Sun, 06 Nov 1994 08:49:37',
  'Sun, 06 Nov 1994 08:49:37 EST',
  'Sun Nov 6 08:49:37 1994 GMT',
])('Retry-After: %s asks for no wait that can be read', (header) => {
  expect(millisecondsOfRetryAfter(header, now)).toBeUndefined();
});

test('a year of two digits is at most 50 years ahead', () => {
  const moment = Date.UTC(2026, 0, 1);
  const wait = (year: string) => millisecondsOfRetryAfter(`Friday, 01-Jan-${year} 00:00:00 GMT`, moment);
  expect(wait('76')).toBe(Date.UTC(2076, 0, 1) - moment);
  expect(wait('77')).toBe(0);
});

test('a moment is the same in all three forms', () => {
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(1970), max: Date.UTC(2069) }), (milliseconds) => {
      const then = Math.floor(milliseconds / 1000) * 1000;
      const fixdate = new Date(then).toUTCString();
      const [name = '', day = '', month = '', year = '', time = ''] = fixdate.split(/,? /);
      const fullName = new Date(then).toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' });
      const forms = [
        fixdate,
        `${fullName}, ${day}-${month}-${year.slice(2)} ${time} GMT`,
        `${name} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`,
      ];
      // Just before the moment, so that two digits mean its century.
      for (const form of forms) expect(millisecondsOfRetryAfter(form, then - 1000)).toBe(1000);
    }),
  );
});
