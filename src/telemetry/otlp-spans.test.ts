import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { traceRequest } from '../console/otlp/messages.ts';
import { decode } from '../console/otlp/protobuf.ts';
import { createSpanBatch } from './otlp-spans.ts';

// The SDK's own serializer says what is right; the tests' decoder reads both.

const resource = resourceFromAttributes({ 'service.name': 'orders', 'service.version': '1.2.3' });
const scopes = [{ name: 'orders' }, { name: 'pg', version: '0.1.0' }];

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  // On either side of where the length of a text, and of what it is in, needs another byte.
  fc.integer({ min: 60, max: 140 }).map((length) => 'a'.repeat(length)),
  fc.integer({ min: 120, max: 130 }).map((length) => 'é'.repeat(length)),
  fc.integer({ min: 16_370, max: 16_390 }).map((length) => 'a'.repeat(length)),
);
const value = fc.oneof(
  text,
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }),
  fc.array(text, { maxLength: 3 }),
  fc.array(fc.maxSafeInteger(), { maxLength: 3 }),
);
const attributes = fc.dictionary(fc.string({ minLength: 1, unit: 'grapheme' }), value, { maxKeys: 8 });
const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((all) => Buffer.from(all).toString('hex'));
const spanContext = fc.record({
  traceId: hex(16),
  spanId: hex(8),
  traceFlags: fc.constantFrom(0, 1),
  isRemote: fc.boolean(),
});
const time = fc.tuple(fc.nat({ max: 4_000_000_000 }), fc.nat({ max: 999_999_999 }));
const dropped = fc.nat({ max: 300 });
const parts = fc.record({
  context: spanContext,
  parentSpanContext: fc.option(spanContext, { nil: undefined }),
  name: text,
  kind: fc.constantFrom(
    SpanKind.INTERNAL,
    SpanKind.SERVER,
    SpanKind.CLIENT,
    SpanKind.PRODUCER,
    SpanKind.CONSUMER,
  ),
  startTime: time,
  endTime: time,
  attributes,
  droppedAttributesCount: dropped,
  events: fc.array(fc.record({ name: text, time, attributes, droppedAttributesCount: dropped }), {
    maxLength: 3,
  }),
  droppedEventsCount: dropped,
  links: fc.array(fc.record({ context: spanContext, attributes }), { maxLength: 2 }),
  droppedLinksCount: dropped,
  status: fc.oneof(
    fc.constant({ code: SpanStatusCode.UNSET }),
    fc.constant({ code: SpanStatusCode.OK }),
    fc.record({ code: fc.constant(SpanStatusCode.ERROR), message: text }),
  ),
  instrumentationScope: fc.constantFrom(...scopes),
});

type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never;

const toSpan = ({ context, parentSpanContext, ...rest }: Parts): ReadableSpan => ({
  ...rest,
  ...(parentSpanContext && { parentSpanContext }),
  spanContext: () => context,
  duration: [0, 0],
  ended: true,
  resource,
});

const spans = fc.array(parts.map(toSpan), { minLength: 1, maxLength: 6 });

function readOwn(given: readonly ReadableSpan[]) {
  const batch = createSpanBatch();
  for (const span of given) batch.add(span);
  return decode(traceRequest, Buffer.from(batch.toRequest()));
}

test('what the encoder writes reads as what the SDK writes', () => {
  fc.assert(
    fc.property(spans, (given) => {
      const expected = ProtobufTraceSerializer.serializeRequest(given);
      expect(readOwn(given)).toEqual(decode(traceRequest, Buffer.from(expected ?? [])));
    }),
    { numRuns: 300 },
  );
});

test('a batch larger than its buffer keeps every span', () => {
  const [span] = fc.sample(parts.map(toSpan), 1);
  if (span === undefined) throw new Error('no sample');
  const large: Attributes = { text: 'x'.repeat(5000) };
  const read = readOwn(Array.from({ length: 200 }, () => ({ ...span, attributes: large })));
  expect(read).toHaveLength(200);
  expect(new Set(read.map(({ attributes: { text: kept } }) => kept))).toEqual(new Set([large['text']]));
});

test('buffers are used again without what was in them', () => {
  const [first, second] = fc.sample(parts.map(toSpan), 2);
  if (first === undefined || second === undefined) throw new Error('no samples');
  readOwn([first, first, first]);
  expect(readOwn([second])).toHaveLength(1);
});
