import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  attributes,
  dropped,
  resource,
  scope,
  spanContext,
  text,
  time,
} from '../../support/generators/otlp-arbitraries.ts';
import { traceRequest } from '../../../lab/console/otlp/messages.ts';
import { decode } from '../../../lab/console/otlp/protobuf.ts';
import { createSpanBatch } from '../../../src/telemetry/otlp/otlp-spans.ts';

// The SDK's serializer is the reference; one decoder reads both results.

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
  instrumentationScope: scope,
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

// A number beyond the safe integers is a double here and an int64 of the SDK: the same value, which the decoder keeps exact.
expect.addEqualityTesters([
  (one: unknown, other: unknown) =>
    [typeof one, typeof other].toSorted().join() === 'bigint,number'
      ? Number(one) === Number(other)
      : undefined,
]);

const spans = fc.array(parts.map(toSpan), { minLength: 1, maxLength: 6 });

function readOwn(given: readonly ReadableSpan[]) {
  const batch = createSpanBatch();
  for (const span of given) batch.add(span);
  return decode(traceRequest, Buffer.from(batch.toRequest()));
}

test('an encoded batch of spans decodes like the one of the SDK', () => {
  fc.assert(
    fc.property(spans, (given) => {
      const expected = ProtobufTraceSerializer.serializeRequest(given);
      expect(readOwn(given)).toEqual(decode(traceRequest, Buffer.from(expected ?? [])));
    }),
    { numRuns: 300 },
  );
});

test('a batch that outgrows its buffer keeps every span', () => {
  const [span] = fc.sample(parts.map(toSpan), 1);
  if (span === undefined) throw new Error('no sample');
  const large: Attributes = { text: 'x'.repeat(5000) };
  const read = readOwn(Array.from({ length: 200 }, () => ({ ...span, attributes: large })));
  expect(read).toHaveLength(200);
  expect(new Set(read.map(({ attributes: { text: kept } }) => kept))).toEqual(new Set([large['text']]));
});

test('a batch that reuses a buffer holds no span of the last one', () => {
  const [first, second] = fc.sample(parts.map(toSpan), 2);
  if (first === undefined || second === undefined) throw new Error('no samples');
  readOwn([first, first, first]);
  expect(readOwn([second])).toHaveLength(1);
});
