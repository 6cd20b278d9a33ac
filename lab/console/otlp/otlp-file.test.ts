import fc from 'fast-check';
import { expect, test } from 'vitest';
import { otlpOf } from '../page/otlp-file.ts';
import { createSpanTexts } from '../traces/span-text.ts';
import { readTraces } from './json.ts';
import { createOrigins } from './origins.ts';
import { toSpanRecord } from './records.ts';

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length - 1}}[1-9]$`));
const text = fc.string({ maxLength: 12 });
const count = fc.constantFrom(0, 0, 0, 3);
/** Nanoseconds of whole microseconds. */
const time = fc
  .integer({ min: 1_600_000_000_000_000, max: 1_900_000_000_000_000 })
  .map((micros) => `${micros}000`);
const scalar = fc.oneof(
  text.map((stringValue) => ({ stringValue })),
  fc.boolean().map((boolValue) => ({ boolValue })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((each) => ({ intValue: String(each) })),
  fc.integer().map((each) => ({ intValue: String(each) })),
  fc
    .oneof(fc.double(), fc.integer())
    .map((each) => ({ doubleValue: Number.isFinite(each) ? each : String(each) })),
  fc.uint8Array({ maxLength: 20 }).map((each) => ({ bytesValue: Buffer.from(each).toString('base64') })),
  fc.constant({}),
);
const attributesOf = (value: fc.Arbitrary<object>) =>
  fc
    .dictionary(text, value, { maxKeys: 4 })
    .map((entries) => Object.entries(entries).map(([key, each]) => ({ key, value: each })));
const value = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }).map((values) => ({ arrayValue: { values } })),
  attributesOf(scalar).map((values) => ({ kvlistValue: { values } })),
);
const attributes = attributesOf(value);
const described = { attributes, droppedAttributesCount: count };
const linked = { traceId: hex(32), spanId: hex(16), traceState: text, flags: fc.constantFrom(0, 1, 0x301) };
const span = fc
  .record({
    ...linked,
    ...described,
    parentSpanId: fc.oneof(fc.constant(''), hex(16)),
    name: text,
    kind: fc.nat({ max: 5 }),
    startTimeUnixNano: time,
    duration: fc.nat({ max: 1_000_000_000 }),
    events: fc.array(fc.record({ timeUnixNano: time, name: text, ...described }), { maxLength: 2 }),
    droppedEventsCount: count,
    links: fc.array(fc.record({ ...linked, ...described }), { maxLength: 2 }),
    droppedLinksCount: count,
    status: fc.record({ code: fc.nat({ max: 2 }), message: text }),
    // The span of a client with this answer did not fail.
    refused: fc.boolean(),
  })
  .map(({ duration, refused, ...rest }) =>
    Object.assign(rest, {
      attributes: refused
        ? [...rest.attributes, { key: 'http.response.status_code', value: { intValue: '404' } }]
        : rest.attributes,
      endTimeUnixNano: String(BigInt(rest.startTimeUnixNano) + 1000n * BigInt(duration)),
    }),
  );
const scopeSpans = fc.record({
  scope: fc.record({ name: text, version: text, ...described }),
  schemaUrl: text,
  spans: fc.array(span, { maxLength: 3 }),
});
const resourceSpans = fc.record({
  resource: fc.record(described),
  schemaUrl: text,
  scopeSpans: fc.array(scopeSpans, { maxLength: 2 }),
});
const request = fc.record({ resourceSpans: fc.array(resourceSpans, { maxLength: 2 }) });

test('a downloaded trace is what was sent: resource, scope, types, status, flags, trace state and counts', () => {
  const origins = createOrigins(1_000_000);
  const texts = createSpanTexts();
  fc.assert(
    fc.property(request, (sent) => {
      const received = readTraces(JSON.stringify(sent));
      const spans = received.flatMap((each) => {
        const record = toSpanRecord(each, origins.numberOf(each.origin));
        return record === undefined ? [] : [texts.toRecord(record.traceId, texts.toText(record))];
      });
      const file = otlpOf({ spans, origins: origins.of(spans) });
      // Spans of one origin stand together.
      const inOrder = (all: typeof received) => all.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1));
      expect(inOrder(readTraces(JSON.stringify(file)))).toEqual(inOrder(received));
    }),
  );
});

test('origins that were not sent for longest are forgotten, and the file names the service then', () => {
  const origins = createOrigins(3000);
  const numbers = Array.from({ length: 20 }, (_none, index) => {
    const resource = { attributes: { index }, droppedAttributes: 0, schemaUrl: '' };
    return origins.numberOf({ resource, scope: { ...resource, name: 'scope', version: '' } });
  });
  const known = origins.of(numbers.map((origin) => ({ origin })));
  expect(Object.keys(known)).toContain('20');
  expect(Object.keys(known)).not.toContain('1');
  expect(new Set(numbers).size).toBe(20);
});
