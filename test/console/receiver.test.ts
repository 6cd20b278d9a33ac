import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { integer, maybe, message, one, text, decode } from '../../lab/console/otlp/protobuf.ts';
import type { LogRecord, SpanRecord } from '../../lab/console/api-types.ts';
import { ProtobufWriter } from '../../src/telemetry/otlp/protobuf-writer.ts';
import {
  type Answer,
  otlpSpan,
  protobufSpan,
  startTestConsole,
  type TestConsole,
  traceRequestOf,
} from '../support/processes/console.ts';

let shown: TestConsole;
beforeAll(async () => {
  shown = await startTestConsole();
});
afterAll(async () => {
  await shown[Symbol.asyncDispose]();
});

const protobuf = { 'content-type': 'application/x-protobuf' };
const json = { 'content-type': 'application/json' };
let traces = 0;
const newTraceId = () => (traces += 1).toString(16).padStart(32, 'f');

async function spansOf(traceId: string): Promise<SpanRecord[]> {
  const { status, body } = await shown.call('GET', `/api/traces/${traceId}`);
  return status === 200 ? (body as { spans: SpanRecord[] }).spans : [];
}

async function linesWith(word: string): Promise<LogRecord[]> {
  return ((await shown.call('GET', `/api/logs?text=${word}`)).body as { lines: LogRecord[] }).lines;
}

const bytesOf = ({ text: body }: Answer) => Buffer.from(body, 'latin1');
const partialSuccess = message({
  partialSuccess: maybe(1, message({ rejected: one(1, integer), reason: one(2, text) })),
});
const attribute = (key: string, value: object) => ({ key, value });

test('every value of an attribute is shown exactly, in protobuf and in JSON', async () => {
  // 2^53 + 1 is the first integer that a JSON number rounds; the others are the ends of int64.
  const large = ['9007199254740993', '-9007199254740993', '9223372036854775807', '-9223372036854775808'];
  const [inJson, asNumbers, inProtobuf] = [newTraceId(), newTraceId(), newTraceId()];
  const attributes = large.map((intValue, index) => attribute(`n${index}`, { intValue }));
  const body = (traceId: string) =>
    JSON.stringify(traceRequestOf([otlpSpan({ traceId, attributes, name: '9007199254740993' })]));
  await shown.raw('POST', '/v1/traces', { headers: json, body: body(inJson) });
  await shown.raw('POST', '/v1/traces', {
    headers: json,
    body: body(asNumbers).replaceAll(/"intValue":"(-?\d+)"/g, '"intValue":$1'),
  });

  const writer = new ProtobufWriter();
  const open = [1, 2, 2].map((field) => writer.begin(field));
  writer.hex(1, inProtobuf);
  writer.hex(2, 'c'.repeat(16));
  for (const [index, each] of large.entries()) {
    const pair = writer.begin(9);
    writer.string(1, `n${index}`);
    writer.raw(2, Buffer.concat([Buffer.from([0x18]), varint(BigInt(each))]));
    writer.end(pair);
  }
  for (const each of open.toReversed()) writer.end(each);
  await shown.raw('POST', '/v1/traces', { headers: protobuf, body: Buffer.from(writer.written()) });

  for (const traceId of [inJson, asNumbers, inProtobuf]) {
    const [span] = await spansOf(traceId);
    expect(span?.attributes).toEqual(Object.fromEntries(large.map((each, index) => [`n${index}`, each])));
  }
});

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

const invalidIds = [
  { traceId: '', spanId: 'a'.repeat(16) },
  { traceId: '0'.repeat(32), spanId: 'a'.repeat(16) },
  { traceId: 'a'.repeat(30), spanId: 'a'.repeat(16) },
  { traceId: 'a'.repeat(32), spanId: '0'.repeat(16) },
];

// https://opentelemetry.io/docs/specs/otlp/#partial-success-1
test('the receiver reports spans with invalid ids as a partial success and keeps the others', async () => {
  const span = otlpSpan({ traceId: newTraceId() });
  const sent = traceRequestOf([span, ...invalidIds.map((ids) => otlpSpan(ids))]);
  expect(await shown.raw('POST', '/v1/traces', { body: sent })).toMatchObject({
    status: 200,
    body: {
      partialSuccess: { rejectedSpans: '4', errorMessage: expect.stringContaining('16 bytes') as string },
    },
  });
  expect(await spansOf(span.traceId)).toHaveLength(1);

  const answer = await shown.raw('POST', '/v1/traces', {
    headers: protobuf,
    body: protobufSpan('0'.repeat(32), 'nowhere'),
  });
  expect(decode(partialSuccess, bytesOf(answer))).toMatchObject({ partialSuccess: { rejected: 1 } });
});

test.each([
  ['gzip', gzipSync],
  ['GZIP', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['Deflate', deflateRawSync],
  ['zstd', zstdCompressSync],
  ['br', brotliCompressSync],
  ['identity', (body: Buffer) => body],
  ['gzip, deflate', (body: Buffer) => deflateSync(gzipSync(body))],
])('the receiver takes the encoding %s', async (encoding, encode) => {
  const traceId = newTraceId();
  const body = encode(protobufSpan(traceId, 'encoded'));
  const headers = { ...protobuf, 'content-encoding': encoding };
  expect(await shown.raw('POST', '/v1/traces', { headers, body })).toMatchObject({ status: 200, text: '' });
  expect(await spansOf(traceId)).toMatchObject([{ name: 'encoded' }]);
});

test.each([
  'Application/X-Protobuf',
  'application/x-protobuf; charset=utf-8',
  'APPLICATION/X-PROTOBUF ;a="b;c"',
])('the receiver takes protobuf as %s', async (type) => {
  const traceId = newTraceId();
  const answer = await shown.raw('POST', '/v1/traces', {
    headers: { 'content-type': type },
    body: protobufSpan(traceId, 'typed'),
  });
  expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/x-protobuf' } });
  expect(await spansOf(traceId)).toHaveLength(1);
});

test.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json;charset=UTF-8'])(
  'the receiver takes JSON as %s',
  async (type) => {
    const span = otlpSpan({ traceId: newTraceId() });
    const body = JSON.stringify(traceRequestOf([span]));
    const answer = await shown.raw('POST', '/v1/traces', { headers: { 'content-type': type }, body });
    expect(answer).toMatchObject({ status: 200, body: {} });
    expect(await spansOf(span.traceId)).toHaveLength(1);
  },
);

test("the receiver takes a request of a Collector's 20 MiB, compressed and not", async () => {
  const text20MiB = 'x'.repeat(20 * 1_048_576);
  for (const encode of [(body: string) => Buffer.from(body), (body: string) => gzipSync(body)]) {
    const span = otlpSpan({
      traceId: newTraceId(),
      attributes: [attribute('a', { stringValue: text20MiB })],
    });
    const body = encode(JSON.stringify(traceRequestOf([span])));
    const headers = { ...json, ...(body.length < 1_000_000 && { 'content-encoding': 'gzip' }) };
    expect(await shown.raw('POST', '/v1/traces', { headers, body })).toMatchObject({ status: 200 });
    expect(await spansOf(span.traceId)).toHaveLength(1);
  }
});

test('a batch that is sent twice is kept once', async () => {
  const traceId = newTraceId();
  const spans = traceRequestOf([otlpSpan({ traceId }), otlpSpan({ traceId })]);
  const line = { body: { stringValue: 'twice-sent' }, timeUnixNano: '1700000000000000001', traceId };
  const lines = {
    resourceLogs: [{ scopeLogs: [{ logRecords: [line, line, { ...line, severityNumber: 17 }] }] }],
  };
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await shown.raw('POST', '/v1/traces', { body: spans });
    await shown.raw('POST', '/v1/logs', { body: lines });
  }
  expect(await spansOf(traceId)).toHaveLength(2);
  // Two lines of one request may be equal, since the clock of a sender may be coarse.
  expect(await linesWith('twice-sent')).toHaveLength(3);
});

test('the same line in two requests is kept twice if it has no time', async () => {
  const lines = {
    resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'untimed-line' } }] }] }],
  };
  for (let attempt = 0; attempt < 2; attempt += 1) await shown.raw('POST', '/v1/logs', { body: lines });
  expect(await linesWith('untimed-line')).toHaveLength(2);
});

test('a line with a severity text alone has the level of the text', async () => {
  const levels = {
    TRACE: 'trace',
    Warning: 'warn',
    ERROR2: 'error',
    critical: 'fatal',
    Information: 'info',
    x: 'info',
  };
  await shown.sendLogs(
    ...Object.keys(levels).map((severityText) => ({ severityText, body: { stringValue: 'texts-only' } })),
  );
  expect((await linesWith('texts-only')).map(({ level }) => level)).toEqual(Object.values(levels));
});

test('records without a time have that of their arrival', async () => {
  const before = Date.now();
  const traceId = newTraceId();
  const none = { traceId, startTimeUnixNano: '0', endTimeUnixNano: undefined, events: [{ name: 'e' }] };
  const onlyEnd = { traceId, startTimeUnixNano: '0', endTimeUnixNano: '1700000000000000000' };
  const onlyStart = { traceId, startTimeUnixNano: '1700000000000000000', endTimeUnixNano: '0' };
  await shown.sendSpans(otlpSpan(none), otlpSpan(onlyEnd), otlpSpan(onlyStart));
  await shown.sendLogs({ timeUnixNano: '0', body: { stringValue: 'zero-time' } });
  const [first, ...others] = await spansOf(traceId);
  expect(first?.start).toBeGreaterThanOrEqual(before);
  expect(first?.end).toBe(first?.start);
  expect(first?.events[0]?.time).toBe(first?.start);
  for (const span of others) expect(span).toMatchObject({ start: 1.7e12, end: 1.7e12 });
  expect((await linesWith('zero-time'))[0]?.time).toBeGreaterThanOrEqual(before);
});

test('a span that ends before it starts has no duration', async () => {
  const traceId = newTraceId();
  await shown.sendSpans(
    otlpSpan({ traceId, startTimeUnixNano: '1700000000005000000', endTimeUnixNano: '1700000000000000000' }),
  );
  expect(await spansOf(traceId)).toMatchObject([{ start: 1_700_000_000_005, end: 1_700_000_000_005 }]);
});

test('the receiver skips fields and groups that it does not know, at every depth', async () => {
  const traceId = newTraceId();
  // Field 1000 as a group that holds one of every wire type and another group.
  const group = Buffer.from([
    0xc3, 0x3e, 0x08, 0x96, 0x01, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1a, 0x01, 0xff, 0x25, 1, 2, 3, 4, 0x2b,
    0x08, 0x01, 0x2c, 0xc4, 0x3e,
  ]);
  const span = Buffer.concat([
    Buffer.from([0x0a, 16]),
    Buffer.from(traceId, 'hex'),
    group,
    Buffer.from([0x12, 8, 1, 1, 1, 1, 1, 1, 1, 1]),
    Buffer.from([0x2a, 2, 0x6f, 0x6b]),
    group,
  ]);
  const wrap = (content: Buffer, tag: number) =>
    Buffer.concat([group, Buffer.from([tag, content.length]), content, group]);
  const scoped = wrap(span, 0x12);
  const ofResource = Buffer.concat([group, Buffer.from([0x12]), varint(BigInt(scoped.length)), scoped]);
  const body = Buffer.concat([group, Buffer.from([0x0a]), varint(BigInt(ofResource.length)), ofResource]);
  expect(await shown.raw('POST', '/v1/traces', { headers: protobuf, body })).toMatchObject({
    status: 200,
    text: '',
  });
  expect(await spansOf(traceId)).toMatchObject([{ name: 'ok' }]);
});

test('the receiver refuses a known field of another wire type, as the Collector does', async () => {
  // `resource_spans` as a number; the name of a span as a number.
  const span = Buffer.from([0x28, 0x07]);
  const wrap = (content: Buffer, tag: number) => Buffer.concat([Buffer.from([tag, content.length]), content]);
  const nested = wrap(wrap(wrap(span, 0x12), 0x12), 0x0a);
  for (const body of [Buffer.from([0x08, 0x01]), nested]) {
    expect(await shown.raw('POST', '/v1/traces', { headers: protobuf, body })).toMatchObject({ status: 400 });
  }
});

test('no request above caused an unexpected error', () => {
  expect(shown.defects).toEqual([]);
});
