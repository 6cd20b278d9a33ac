import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SpanRecord, Values } from '../api-types.ts';
import { createSpanTexts } from './span-text.ts';

const value = fc.jsonValue({ maxDepth: 2 });
const key = fc.oneof(
  fc.constantFrom('db.system.name', 'server.port', 'http.route', '__proto__', '0', '"'),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);
const attributes = fc
  .array(fc.tuple(key, value), { maxLength: 6 })
  .map((entries) => Object.fromEntries(entries) as Values);
const text = fc.oneof(fc.constant(''), fc.string({ unit: 'grapheme', maxLength: 20 }));

const more = fc.oneof(
  fc.constant({}),
  fc.record({ more: fc.record({ traceState: text, status: fc.constant('OK'), exact: attributes }) }),
);

const span: fc.Arbitrary<SpanRecord> = fc
  .tuple(
    fc.record({
      traceId: fc.constant('a'.repeat(32)),
      spanId: fc.constant('b'.repeat(16)),
      parentId: fc.constantFrom('', 'c'.repeat(16)),
      name: text,
      kind: fc.constantFrom('SERVER', 'CLIENT'),
      service: text,
      start: fc.integer({ min: 0 }),
      end: fc.integer({ min: 0 }),
      failed: fc.boolean(),
      message: text,
      attributes,
      events: fc.array(fc.record({ time: fc.nat(), name: text, attributes }), { maxLength: 2 }),
      links: fc.array(
        fc.record({ traceId: fc.constant('d'.repeat(32)), spanId: fc.constant('e'.repeat(16)), attributes }),
        { maxLength: 2 },
      ),
      dropped: fc.nat({ max: 3 }),
      origin: fc.nat({ max: 3 }),
      flags: fc.nat({ max: 1023 }),
    }),
    more,
  )
  .map(([given, rest]) => Object.assign(given, rest));

test('any span is read as it was kept, however many shapes there are', () => {
  // One for all runs: most of them come when it has as many shapes as it keeps.
  const texts = createSpanTexts();
  for (let number = 0; number < 450; number += 1) texts.toText({ ...plain, name: `span ${number}` });
  fc.assert(
    fc.property(span, (given) => {
      const kept = texts.toText(given);
      const read = texts.toRecord(given.traceId, kept);
      // A negative zero is a zero in JSON, as the page gets it.
      expect(JSON.stringify(read)).toBe(JSON.stringify(given));
    }),
    { numRuns: 300 },
  );
});

test('a text is found in the name, the service, a key or a value of a span', () => {
  const texts = createSpanTexts();
  const kept = texts.toText(plain);
  for (const wanted of [
    'insert orders',
    'shop',
    'client',
    'db.system.name',
    'postgresql',
    'order.note',
    'tea',
  ])
    expect({ wanted, found: texts.contains(kept, wanted) }).toEqual({ wanted, found: true });
  expect(texts.contains(kept, 'coffee')).toBe(false);
});

test('a number is found in what a span says, and not in its times, its flags or within its ids', () => {
  const texts = createSpanTexts();
  const event = { time: plain.start, name: 'retry', attributes: { attempt: 404 } };
  const kept = texts.toText({ ...plain, parentId: '00f067aa0ba902b7', events: [event] });
  for (const wanted of ['257', '1700000', 'f067'])
    expect([wanted, texts.contains(kept, wanted)]).toEqual([wanted, false]);
  for (const wanted of ['404', '5432', '00f067', 'bbbb'])
    expect([wanted, texts.contains(kept, wanted)]).toEqual([wanted, true]);
});

test('spans that differ in few values take a third of the text', () => {
  const texts = createSpanTexts();
  expect(texts.toText(plain).length).toBeLessThan(JSON.stringify(plain).length / 3);
});

const plain: SpanRecord = {
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  parentId: '',
  name: 'INSERT orders',
  kind: 'CLIENT',
  service: 'shop',
  start: 1_700_000_000_000,
  end: 1_700_000_000_005,
  failed: false,
  message: '',
  attributes: {
    'db.system.name': 'postgresql',
    'db.namespace': 'orders',
    'db.operation.name': 'INSERT',
    'server.address': '127.0.0.1',
    'server.port': 5432,
    'order.note': 'Tea',
  },
  events: [],
  links: [],
  dropped: 0,
  origin: 1,
  flags: 257,
};
