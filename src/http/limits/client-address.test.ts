import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { networkOf } from './client-address.ts';

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::FFFF:203.0.113.7', '203.0.113.7'],
  ['0:0:0:0:0:ffff:cb00:7107', '203.0.113.7'],
  ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
  ['2001:0DB8:0000:0001:FFFF:0:0:1', '2001:db8:0:1::/64'],
  ['2001:db8::1:2:3:4:5', '2001:db8:0:1::/64'],
  ['2001:db8::', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::ffff:0:0:1', '0:0:0:0::/64'],
  ['::ffff:0:203.0.113.7', '0:0:0:0::/64'],
  ['64:ff9b::203.0.113.7', '64:ff9b:0:0::/64'],
  ['', ''],
])('the address %s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

/** Eight groups with many zeros, so that `::` appears in most of the canonical forms. */
const groups = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 });
const written = (values: readonly number[]) => values.map((value) => value.toString(16)).join(':');
const isMapped = (values: readonly number[]) =>
  values.slice(0, 5).every((value) => value === 0) && values[5] === 0xffff;

test('an IPv6 address counts by its first 64 bits, and by nothing else', () => {
  fc.assert(
    fc.property(
      groups.filter((values) => !isMapped(values)),
      (values) => {
        expect(networkOf(written(values))).toBe(`${written(values.slice(0, 4))}::/64`);
        expect(networkOf(written(values).toUpperCase())).toBe(`${written(values.slice(0, 4))}::/64`);
      },
    ),
  );
});
