import { randomUUID, randomUUIDv7 } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from './order-cursor.ts';

test('every id of an order comes back from its cursor, which is safe in a URL', () => {
  fc.assert(
    fc.property(fc.uuid({ version: 7 }), (id) => {
      const cursor = encodeCursor(id);
      expect(cursor).toMatch(/^[\w-]{1,64}$/);
      expect(decodeCursor(cursor)).toBe(id);
    }),
  );
});

test('garbage is no cursor, and does not throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (garbage) => {
      expect(decodeCursor(garbage)).toBeUndefined();
    }),
  );
});

test.each([
  ['nothing', ''],
  ['an id as it is', randomUUIDv7()],
  ['an id of another version', encodeCursor(randomUUID())],
  ['an id in capitals', encodeCursor(randomUUIDv7().toUpperCase())],
  ['an id with something behind it', encodeCursor(`${randomUUIDv7()} OR 1=1`)],
  ['an id with a line break behind it', encodeCursor(`${randomUUIDv7()}\n`)],
  ['a cursor with padding', `${encodeCursor(randomUUIDv7())}=`],
  ['a cursor with a character that decoders skip', `${encodeCursor(randomUUIDv7())}*`],
  ['half a cursor', encodeCursor(randomUUIDv7()).slice(0, 24)],
])('%s is no cursor', (_what, cursor) => {
  expect(decodeCursor(cursor)).toBeUndefined();
});
