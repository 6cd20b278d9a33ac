import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { logsRequest } from '../../console/otlp/messages.ts';
import { decode } from '../../console/otlp/protobuf.ts';
import { ProtobufWriter } from '../../../src/telemetry/otlp/protobuf-writer.ts';
import { type Batch, BatchBuilder } from '../batch.ts';
import { createCounts } from '../counts.ts';
import { assembleRequest } from '../otlp/request.ts';
import { RecordBytes } from '../otlp/record-bytes.ts';
import { writeRecord, writeTextRecord } from '../otlp/slow-record.ts';
import { usualFields } from './fields.ts';
import { generatedLog } from '../../../test/support/generators/log-lines.ts';
import { levelNames, levelOfSeverity } from './levels.ts';
import { LineProcessor } from './line-processor.ts';
import { parseRecord } from './record.ts';

vi.setConfig({ testTimeout: 120_000 });

/**
 * Everything that the fast path says about the bytes. The bytes come in pieces of the given sizes. By default every line is
 * whole, however long a generated one is: the reference knows no pieces of lines.
 */
function processed(
  content: Buffer,
  {
    sizes = [content.length],
    longestLine = content.length,
    usualService = undefined as string | undefined,
  } = {},
) {
  const counts = createCounts(5);
  const batch = new BatchBuilder({ size: 7, bytes: 1e6, otlp: true, text: true });
  const processor = new LineProcessor(
    { fields: usualFields, longestLine, service: usualService },
    counts,
    batch,
  );
  const batches: Batch[] = [];
  const { buffer } = processor;
  let [from, arrived, piece] = [0, 0, 0];
  for (let turn = 0; ; turn += 1) {
    arrived = Math.min(content.length, arrived + Math.max(1, sizes[turn % sizes.length] ?? 1));
    const length = content.copy(buffer, 0, from, Math.min(arrived, from + buffer.length));
    const isLast = from + length === content.length;
    processor.begin(length, { offset: from, piece }, isLast);
    while (processor.run()) batches.push(batch.take());
    const { position } = processor;
    from += position.offset;
    piece = position.piece;
    if (isLast) break;
  }
  batches.push(batch.take());
  const lines = [...counts.all()].flatMap(({ service, lines: byLevel }) =>
    levelNames.flatMap((level, index) => {
      const count = byLevel[index] ?? 0;
      return count === 0 ? [] : [`${service} ${level} ${count}`];
    }),
  );
  return {
    lines: lines.toSorted(),
    malformed: counts.malformed,
    oversize: counts.oversize,
    records: recordsIn(batches.map(({ request }) => request)),
    text: Buffer.concat(batches.map(({ text }) => text)),
    batches,
  };
}

/** The same according to JSON.parse. */
function parsed(content: Buffer) {
  const counts = new Map<string, number>();
  const services = createCounts(5);
  let malformed = 0;
  const requests: Uint8Array[] = [];
  // A byte order mark is no part of the first line.
  for (const bytes of linesOf(content.subarray(content.indexOf('\ufeff') === 0 ? 3 : 0))) {
    const line = bytes.toString('utf8').replace(/\r$/, '');
    if (line.trim() === '') continue;
    const record = parseRecord(line, usualFields);
    const records = new RecordBytes(16);
    if (record === undefined) malformed += 1;
    const { service } = record?.service === undefined ? services.unnamed : services.of(record.service);
    const level = levelNames[levelOfSeverity(record?.severity ?? 0)] ?? '';
    counts.set(`${service} ${level}`, (counts.get(`${service} ${level}`) ?? 0) + 1);
    if (record === undefined) writeTextRecord(records, line, [0, 0], undefined);
    else writeRecord(records, record, [0, 0]);
    requests.push(assembleRequest(new ProtobufWriter(), [{ service: record?.service, records }]));
  }
  return {
    lines: [...counts].map(([name, count]) => `${name} ${count}`).toSorted(),
    malformed,
    records: recordsIn(requests),
  };
}

function* linesOf(content: Buffer): Generator<Buffer> {
  let start = 0;
  while (start < content.length) {
    const lineFeed = content.indexOf(10, start);
    const end = lineFeed < 0 ? content.length : lineFeed;
    yield content.subarray(start, end);
    start = end + 1;
  }
}

/** Without the time of reading, by text: services are apart in a request, so the order differs. */
function recordsIn(requests: readonly Uint8Array[]): string[] {
  return requests
    .flatMap((request) => decode(logsRequest, Buffer.from(request)))
    .map((record) => describeValue({ ...record, observedTime: 0 }))
    .toSorted();
}

function describeValue(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(describeValue).join()}]`;
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' ? JSON.stringify(value) : String(value);
  const members = Object.entries(value).map(
    ([name, each]) => `${JSON.stringify(name)}:${describeValue(each)}`,
  );
  return `{${members.toSorted().join()}}`;
}

function asParsed({ lines, malformed, records }: ReturnType<typeof processed>) {
  return { lines, malformed, records };
}

test('the fast path counts and forwards exactly what JSON.parse of every line would', () => {
  fc.assert(
    fc.property(
      generatedLog,
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 4 }),
      (content, sizes) => {
        expect(asParsed(processed(content, { sizes }))).toEqual(parsed(content));
      },
    ),
    { numRuns: 250 },
  );
});

describe('the same holds for', () => {
  test.each([
    ['a nested object with its own level', '{"inner":{"level":"error"},"level":"info"}'],
    ['a byte order mark at the start, and one within', '\ufeff{"level":"error"}\n\ufeff{"level":"error"}'],
    ['a byte order mark alone', '\ufeff'],
    ['a name twice, of which the last counts', '{"level":"error","level":"info","a":1,"a":2}'],
    ['white space around the colon', '{"level" : "error", "a": 1 }'],
    ['two forms of a name in one line', '{"a":1}\n{"b":1,"a" :2}\n{"a":1,"a" :2}'],
    ['an escaped name', String.raw`{"l\u0065vel":"error"}`],
    ['the text of a member inside a string', String.raw`{"message":"\"level\":\"error\"","level":"info"}`],
    ['a level in another case', '{"level":"ERROR"}\n{"level":"Error"}\n{"level":"eRR"}'],
    ['a numeric level', '{"level":50}\n{"level":30.5}\n{"level":"60"}\n{"level":-1}\n{"level":99999}'],
    ['CRLF', '{"level":"error"}\r\n{"level":"info"}\r\nplain\r\n'],
    ['NUL', '{"level":"err\0or"}\n\0\n{"level":"error"}\0'],
    ['the control character DEL, which a string may have', '{"message":"\u007f"}'],
    ['lines without a member', '{}\n{ }\n{}  \n{"a":1,}'],
    [
      'more members than the fast path takes',
      `{${Array.from({ length: 70 }, (_, i) => `"k${i}":${i}`).join()}}`,
    ],
    [
      'a depth that is forwarded, and one that is not',
      `{"a":${'['.repeat(60)}${']'.repeat(60)}}\n{"a":${'['.repeat(70)}${']'.repeat(70)}}`,
    ],
    ['a long service', `{"service":"${'s'.repeat(255)}"}\n{"service":"${'s'.repeat(256)}"}`],
    [
      'two names of one role',
      '{"msg":"second","message":"first"}\n{"msg":"only"}\n{"level":null,"severity":"error"}',
    ],
  ])('%s', (_name, content) => {
    const bytes = Buffer.from(content);
    expect(asParsed(processed(bytes))).toEqual(parsed(bytes));
  });

  test('invalid UTF-8', () => {
    const bytes = Buffer.from('{"level":"error","service":"a?","message":"?","x":"?","n?":1}\n?');
    for (let at = 0; at < bytes.length; at += 1) if (bytes[at] === 0x3f) bytes[at] = 0xff;
    expect(asParsed(processed(bytes))).toEqual(parsed(bytes));
  });

  test('more names, services and levels than are remembered', () => {
    const lines = Array.from(
      { length: 3000 },
      (_, i) => `{"level":"l${i}","service":"s${i}","name${i}":${i}}`,
    );
    const bytes = Buffer.from(lines.join('\n'));
    expect(asParsed(processed(bytes))).toEqual(parsed(bytes));
  });

  test('lines that are longer than one search for quotes', () => {
    const lines = [70_000, 10, 140_000, 300].map(
      (length) => `{"level":"error","message":"${'x'.repeat(length)}"}`,
    );
    const content = Buffer.from(`${lines.join('\n')}\n`);
    const { lines: counted, records } = processed(content, { longestLine: 200_000 });
    expect(counted).toEqual(['unknown error 4']);
    expect(records).toEqual(parsed(content).records);
  });
});

test.each([[[1]], [[7, 300]], [[100_000]]])(
  'a line beyond the bound is forwarded in pieces that are the line again, read in pieces of %j bytes',
  (sizes) => {
    const long = `${'é'.repeat(150)}${'€'.repeat(100)}`;
    const content = Buffer.from(`{"level":"info"}\n${long}\n{"level":"error"}\n${long}`);
    const {
      lines,
      oversize,
      malformed,
      batches,
      text: passedOn,
    } = processed(content, { sizes, longestLine: 100 });
    expect({ lines, oversize, malformed }).toEqual({
      lines: ['unknown error 1', 'unknown info 1', 'unknown unknown 2'],
      oversize: 2,
      malformed: 0,
    });
    const pieces = batches
      .flatMap(({ request }) => decode(logsRequest, Buffer.from(request)))
      .filter(({ attributes }) => attributes['log.piece'] !== undefined);
    const joined = pieces.map(({ body }) => (typeof body === 'string' ? body : '')).join('');
    expect(joined).toBe(long + long);
    expect(pieces.map(({ attributes }) => attributes['log.piece'])).toEqual([
      0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6,
    ]);
    expect(passedOn.toString()).toBe(`${content.toString()}\n`);
  },
);

test.each([
  ['of a clock that is ahead is no newer than now', true, '{"time":"2099-01-01T00:00:00Z"}', 0],
  ['that is only passed on has the time of now', false, '{"level":"info"}', 0],
  ['of the past has its own time', true, '{"time":"2020-01-01T00:00:00Z"}', 1_577_836_800],
])('a line %s', (_, otlp, content, expected) => {
  const batch = new BatchBuilder({ size: 7, bytes: 1e6, otlp, text: true });
  const processor = new LineProcessor(
    { fields: usualFields, longestLine: 1000, service: undefined },
    createCounts(5),
    batch,
  );
  const before = Math.floor(Date.now() / 1000);
  processor.begin(processor.buffer.write(content), { offset: 0, piece: 0 }, true);
  processor.run();
  const { newest } = batch.take();
  if (expected > 0) expect(newest).toBe(expected);
  else expect(newest - before).toBeOneOf([0, 1, 2, 3]);
});

test('lines that end with CRLF are passed on with it, whatever they are, and forwarded without', () => {
  const content = Buffer.from('{"level":"info"}\r\nno JSON\r\n{"a":1,"a":2}\r\n{"level":"info"}\r\n');
  const { text, batches } = processed(content);
  expect(text.toString()).toBe(content.toString());
  const records = batches.flatMap(({ request }) => decode(logsRequest, Buffer.from(request)));
  expect(records.map(({ body }) => body)).toContain('no JSON');
});

test('whole numbers beyond 2^53 are forwarded exactly, as far as OTLP can hold them', () => {
  const line =
    '{"id":1234567890123456789,"least":-9223372036854775808,"more":9223372036854775808,"deep":[{"id":9007199254740993}],"share":0.1234567890123456789}';
  const [record] = decode(logsRequest, Buffer.from(processed(Buffer.from(line)).batches[0]?.request ?? []));
  expect(record?.attributes).toEqual({
    id: 1234567890123456789n,
    least: -9223372036854775808n,
    more: 9223372036854775808,
    deep: [{ id: 9007199254740993n }],
    share: 0.12345678901234568,
  });
});

test('a time in nanoseconds is exact', () => {
  const content = Buffer.from('{"time":1764398400123456789}');
  const [record] = decode(logsRequest, Buffer.from(processed(content).batches[0]?.request ?? []));
  expect(record?.time).toBe(1764398400123456789n);
});

test('a line that is too long counts for the service that lines without one have', () => {
  const content = Buffer.from(`${'x'.repeat(25)}\n{"level":"info"}\nplain\n`);
  const { lines } = processed(content, { longestLine: 20, usualService: 'orders' });
  expect(lines).toEqual(['orders info 1', 'orders unknown 2']);
});
