import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SpanRecord, Value } from '../api-types.ts';
import { readTraces } from './json.ts';
import { toSpanRecord } from './records.ts';
import { otlpOf } from '../page/otlp-file.ts';

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length - 1}}[1-9]$`));
const name = fc.string({ minLength: 1, maxLength: 12 }).filter((each) => each !== '__proto__');
/** Milliseconds with whole microseconds. */
const time = fc
  .integer({ min: 1_600_000_000_000_000, max: 1_900_000_000_000_000 })
  .map((micros) => micros / 1000);
const plain = fc.oneof(
  fc.string(),
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => (each === 0 ? 0 : each)),
);
const value: fc.Arbitrary<Value> = fc.oneof(plain, fc.array(plain, { maxLength: 3 }));
const attributes = fc.dictionary(name, value, { maxKeys: 4, noNullPrototype: true });
const span: fc.Arbitrary<SpanRecord> = fc.record({
  traceId: hex(32),
  spanId: hex(16),
  parentId: fc.oneof(fc.constant(''), hex(16)),
  name,
  kind: fc.constantFrom('INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'),
  service: name,
  start: time,
  end: time,
  failed: fc.constant(false),
  message: fc.constant(''),
  attributes,
  events: fc.array(fc.record({ time, name, attributes }), { maxLength: 2 }),
  links: fc.array(fc.record({ traceId: hex(32), spanId: hex(16), attributes }), { maxLength: 2 }),
  dropped: fc.constant(0),
});

const ended = (each: SpanRecord): SpanRecord => ({ ...each, end: Math.max(each.end, each.start) });

test('a downloaded trace is read back as it was', () => {
  fc.assert(
    fc.property(fc.array(span, { minLength: 1, maxLength: 4 }), (spans) => {
      const file = JSON.stringify(otlpOf({ spans }));
      const read = readTraces(file).map((each) => toSpanRecord(each));
      const byService = [...Map.groupBy(spans, ({ service }) => service).values()].flat();
      expect(read).toEqual(byService.map(ended));
    }),
  );
});
