import { SeverityNumber } from '@opentelemetry/api';
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
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
import { logsRequest } from '../../../lab/console/otlp/messages.ts';
import { decode } from '../../../lab/console/otlp/protobuf.ts';
import { createLogBatch } from '../../../src/telemetry/otlp/otlp-log-records.ts';

// The SDK's serializer is the reference; one decoder reads both results.

// A number beyond the safe integers is a double here and an int64 of the SDK: the same value, which the decoder keeps exact.
expect.addEqualityTesters([
  (one: unknown, other: unknown) =>
    [typeof one, typeof other].toSorted().join() === 'bigint,number'
      ? Number(one) === Number(other)
      : undefined,
]);

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const record = fc.record({
  hrTime: time,
  hrTimeObserved: time,
  severityNumber: maybe(
    fc.constantFrom(SeverityNumber.UNSPECIFIED, SeverityNumber.INFO, SeverityNumber.FATAL4),
  ),
  severityText: maybe(text),
  body: maybe(fc.oneof(text, fc.boolean(), fc.maxSafeInteger(), fc.array(text, { maxLength: 3 }))),
  attributes: fc.oneof(
    attributes,
    fc.record({ nested: attributes, list: fc.array(attributes, { maxLength: 2 }) }),
  ),
  droppedAttributesCount: dropped,
  spanContext: maybe(spanContext),
  eventName: maybe(text),
  instrumentationScope: scope,
  resource: fc.constant(resource),
});

type Records = Parameters<typeof ProtobufLogsSerializer.serializeRequest>[0];

test('an encoded batch of log records decodes like the one of the SDK', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 6 }), (given) => {
      const batch = createLogBatch();
      for (const each of given) batch.add(each as unknown as Parameters<typeof batch.add>[0]);
      const expected = ProtobufLogsSerializer.serializeRequest(given as unknown as Records);
      expect(batch.size).toBe(given.length);
      expect(decode(logsRequest, Buffer.from(batch.toRequest()))).toEqual(
        decode(logsRequest, Buffer.from(expected ?? [])),
      );
    }),
    { numRuns: 300 },
  );
});
