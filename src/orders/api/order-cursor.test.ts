import { randomUUID, randomUUIDv7 } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from './order-cursor.ts';

test('a cursor is safe in a URL and decodes to the order id from which it was encoded', () => {
  fc.assert(
    fc.property(fc.uuid({ version: 7 }), (id) => {
      const cursor = encodeCursor(id);
      expect(cursor).toMatch(/^[\w-]{1,64}$/);
      expect(decodeCursor(cursor)).toBe(id);
    }),
  );
});

/** Any UTF-16 units, lone surrogates included. fast-check's own `binary` strings take seconds to set up. */
const garbage = fc.array(fc.nat(0xff_ff)).map((units) => String.fromCharCode(...units));

test('decoding garbage returns no id and does not throw', () => {
  fc.assert(
    fc.property(garbage, (text) => {
      expect(decodeCursor(text)).toBeUndefined();
    }),
  );
});

test.each([
  ['an empty text', ''],
  ['an id that is not encoded', randomUUIDv7()],
  ['an id of another version', encodeCursor(randomUUID())],
  ['an id in capitals', encodeCursor(randomUUIDv7().toUpperCase())],
  ['an id with text after it', encodeCursor(`${randomUUIDv7()} OR 1=1`)],
  ['an id with a line break after it', encodeCursor(`${randomUUIDv7()}\n`)],
  ['a cursor with padding', `${encodeCursor(randomUUIDv7())}=`],
  ['a cursor with a character that decoders skip', `${encodeCursor(randomUUIDv7())}*`],
  ['half a cursor', encodeCursor(randomUUIDv7()).slice(0, 24)],
])('%s is not accepted as a cursor', (_what, cursor) => {
  expect(decodeCursor(cursor)).toBeUndefined();
});
