import { expect, test } from 'vitest';
import { show } from './units.ts';

test.each([
  [0.9953, 'percentunit', undefined, '99.5%'],
  [1, 'percentunit', 2, '100.00%'],
  [0.00042, 's', undefined, '420 µs'],
  [0.0123, 's', undefined, '12.3 ms'],
  [90, 's', undefined, '1.5 min'],
  [121_634_816, 'bytes', undefined, '116 MiB'],
  [2048, 'Bps', undefined, '2 KiB/s'],
  [12_345, 'short', undefined, '12.3 K'],
  [5.98, 'reqps', undefined, '5.98 req/s'],
  [1.02, 'suffix:×', 2, '1.02×'],
  [0, 'short', undefined, '0'],
])('%f in the unit %s with %s decimals is shown as %s', (value, unit, decimals, shown) => {
  expect(show(value, unit, decimals)).toBe(shown);
});
