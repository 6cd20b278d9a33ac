import { randomUUID, randomUUIDv7 } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from './order-cursor.ts';

const time = Date.parse('2026-11-20T09:30:00.041Z') * 1000 + 7;

test('a cursor is safe in a URL and decodes to the position from which it was encoded', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.uuid({ version: 7 }), (micros, id) => {
      const cursor = encodeCursor({ time: micros, id });
      expect(cursor).toMatch(/^[\w-]{1,64}$/);
      expect(decodeCursor(cursor)).toEqual({ time: micros, id });
    }),
  );
});

/** Any UTF-16 units, lone surrogates included. fast-check's own `binary` strings take seconds to set up. */
const garbage = fc.array(fc.nat(0xff_ff)).map((units) => String.fromCharCode(...units));
/** What has the form of a cursor and was not made by this service. */
const forged = fc
  .uint8Array({ minLength: 20, maxLength: 28 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'));

test('decoding garbage returns no position and does not throw', () => {
  fc.assert(
    fc.property(garbage, (text) => {
      expect(decodeCursor(text)).toBeUndefined();
    }),
  );
});

test('whatever decodes is a position that the database understands', () => {
  fc.assert(
    fc.property(forged, (cursor) => {
      const position = decodeCursor(cursor);
      if (position === undefined) return;
      expect(Number.isSafeInteger(position.time)).toBe(true);
      expect(encodeCursor(position)).toBe(cursor);
    }),
  );
});

const valid = encodeCursor({ time, id: randomUUIDv7() });

test.each([
  ['an empty text', ''],
  ['an id that is not encoded', randomUUIDv7()],
  ['an id alone', Buffer.from(randomUUIDv7()).toString('base64url')],
  ['an id of another version', encodeCursor({ time, id: randomUUID() })],
  ['a time beyond the integers that a number holds', Buffer.alloc(24, 0xff).toString('base64url')],
  ['a cursor with padding', `${valid}=`],
  ['a cursor with a character that decoders skip', `${valid}*`],
  ['a cursor with a byte after it', `${valid}AA`],
  ['half a cursor', valid.slice(0, 16)],
])('%s is not accepted as a cursor', (_what, cursor) => {
  expect(decodeCursor(cursor)).toBeUndefined();
});
