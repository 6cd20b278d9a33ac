import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLogs, readTraces } from '../../lab/console/otlp/json.ts';
import { type ReceivedSpan, traceRequest } from '../../lab/console/otlp/messages.ts';
import { decode } from '../../lab/console/otlp/protobuf.ts';
import { toLogRecord, toSpanRecord } from '../../lab/console/otlp/records.ts';

const value = fc.oneof(
  fc.string(),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.array(fc.string(), { maxLength: 3 }),
);
const attributes = fc.dictionary(fc.string({ minLength: 1 }), value, { maxKeys: 5 });
const time = fc.tuple(fc.integer({ min: 1, max: 4_000_000_000 }), fc.nat({ max: 999_999_999 }));
const parts = fc.record({
  name: fc.string(),
  kind: fc.constantFrom(SpanKind.SERVER, SpanKind.CLIENT, SpanKind.CONSUMER),
  startTime: time,
  endTime: time,
  attributes,
  events: fc.array(fc.record({ name: fc.string(), time, attributes }), { maxLength: 2 }),
  status: fc.constantFrom({ code: SpanStatusCode.UNSET }, { code: SpanStatusCode.ERROR, message: 'broken' }),
});

function toSpan(rest: Partial<ReadableSpan>): ReadableSpan {
  return {
    spanContext: () => ({ traceId: 'a1'.repeat(16), spanId: 'b2'.repeat(8), traceFlags: 1 }),
    links: [{ context: { traceId: 'c3'.repeat(16), spanId: 'd4'.repeat(8), traceFlags: 1 } }],
    resource: resourceFromAttributes({ 'service.name': 'orders' }),
    instrumentationScope: { name: 'test', version: '1' },
    droppedAttributesCount: 1,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    ...rest,
  } as ReadableSpan;
}

const recordOf = (span: ReceivedSpan) => toSpanRecord(span, 1);

test('OTLP in JSON and in protobuf give the same records', () => {
  fc.assert(
    fc.property(parts, (rest) => {
      const spans = [toSpan(rest)];
      const json = Buffer.from(JsonTraceSerializer.serializeRequest(spans) ?? []).toString();
      const protobuf = Buffer.from(ProtobufTraceSerializer.serializeRequest(spans) ?? []);
      expect(readTraces(json).map(recordOf)).toEqual(decode(traceRequest, protobuf).map(recordOf));
    }),
  );
});

test.each(['', '[]', 'null', '"text"', '{'])('readTraces refuses the JSON %j', (text) => {
  expect(() => readTraces(text)).toThrow(SyntaxError);
});

test('readTraces ignores missing fields and fields of another type', () => {
  const span = {
    traceId: 'A1'.repeat(16),
    spanId: 'b2'.repeat(8),
    name: 5,
    attributes: [{ key: 'a' }, 'no', { key: 'b', value: { intValue: '7' } }],
  };
  const text = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span, 'no', {}] }, null] }, 7] });
  const records = readTraces(text).map(recordOf);
  expect(records[0]).toMatchObject({
    traceId: 'a1'.repeat(16),
    name: '',
    service: 'unknown',
    attributes: { a: null, b: 7 },
  });
  expect(records[1]).toBeUndefined();
});

test('a line has the value that its body is, as it is written in a text', () => {
  const bodies = [
    [{ intValue: '1152921504606846976' }, '1152921504606846976'],
    [{ intValue: '42' }, '42'],
    [{ doubleValue: 'NaN' }, 'NaN'],
    [{ bytesValue: 'AAEC' }, '3 bytes'],
    [{ boolValue: false }, 'false'],
    [{ stringValue: '"quoted"' }, '"quoted"'],
    [{ arrayValue: { values: [{ stringValue: 'a' }, { intValue: '1' }] } }, '["a",1]'],
  ] as const;
  const logRecords = bodies.map(([body]) => ({ body }));
  const lines = readLogs(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] })).map(
    toLogRecord,
  );
  expect(lines.map(({ text }) => text)).toEqual(bodies.map(([, text]) => text));
});

test('a log record has the level, event and order of its line', () => {
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const logRecords = [
    {
      severityNumber: 13,
      eventName: 'payment.retry',
      body: { stringValue: 'again' },
      timeUnixNano: '1700000000000000000',
      attributes: [attribute('order_id', 'o-1')],
    },
    {
      severityNumber: 21,
      body: { kvlistValue: { values: [attribute('a', 'b')] } },
      observedTimeUnixNano: '1700000000001000000',
    },
    {},
  ];
  const lines = readLogs(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] })).map(
    toLogRecord,
  );
  expect(lines).toMatchObject([
    { level: 'warn', event: 'payment.retry', text: 'again', orderId: 'o-1', time: 1_700_000_000_000 },
    { level: 'fatal', text: '{"a":"b"}', time: 1_700_000_000_001 },
    { level: 'info', text: '' },
  ]);
});

test.each(['http.response.status_code', 'http.status_code'])(
  'a call that was answered with 404 has not failed, by %s',
  (key) => {
    const [traceId, spanId, status] = ['a1'.repeat(16), 'b2'.repeat(8), { code: 2 }];
    const span = (kind: number) => ({
      traceId,
      spanId,
      kind,
      status,
      attributes: [{ key, value: { intValue: 404 } }],
    });
    const spans = [span(3), span(2)];
    const read = readTraces(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
    expect(read.map(recordOf).map((each) => each?.failed)).toEqual([false, true]);
  },
);

test.each([
  ['SEVERITY_NUMBER_ERROR', 'error'],
  ['SEVERITY_NUMBER_WARN4', 'warn'],
  ['17', 'error'],
  ['SEVERITY_NUMBER_UNSPECIFIED', 'info'],
])('a line whose severity is %s in JSON has the level %s', (severityNumber, level) => {
  const logRecords = [{ severityNumber }];
  const lines = readLogs(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }));
  expect(lines.map(toLogRecord)).toMatchObject([{ level }]);
});

test('the size of one record is bounded', () => {
  const deep = (depth: number): object =>
    depth === 0 ? { stringValue: 'x' } : { arrayValue: { values: [deep(depth - 1)] } };
  const span = {
    traceId: 'a1'.repeat(16),
    spanId: 'b2'.repeat(8),
    name: 'x'.repeat(1_000_000),
    attributes: Array.from({ length: 5000 }, (_, index) => ({
      key: `k${index}`,
      value: { stringValue: 'y'.repeat(10) },
    })),
    events: Array.from({ length: 5000 }, () => ({
      name: 'e',
      attributes: [{ key: 'deep', value: deep(50) }],
    })),
    links: Array.from({ length: 5000 }, () => ({ traceId: 'c3'.repeat(16), spanId: 'd4'.repeat(8) })),
  };
  const [received] = readTraces(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }));
  const record = received && recordOf(received);
  expect(JSON.stringify(record).length).toBeLessThan(50_000);
  expect(record?.dropped).toBeGreaterThan(14_000);
});
