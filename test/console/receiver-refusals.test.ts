import { once } from 'node:events';
import { connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decode, integer, message, one, text } from '../../lab/console/otlp/protobuf.ts';
import type { SenderList } from '../../lab/console/sender-types.ts';
import { startTestConsole, type TestConsole } from '../support/processes/console.ts';

let shown: TestConsole;
beforeAll(async () => {
  shown = await startTestConsole();
});
afterAll(async () => {
  await shown[Symbol.asyncDispose]();
});

const protobuf = { 'content-type': 'application/x-protobuf' };
const json = { 'content-type': 'application/json' };
const status = message({ code: one(1, integer), message: one(2, text) });
const lz4 = { 'content-encoding': 'lz4' };
const garbage = Buffer.from('These bytes are no message.');
const refusals: Array<[what: string, number, path: string, headers: object, body: Buffer | string]> = [
  ['a truncated message', 400, '/v1/traces', protobuf, Buffer.from([0x0a, 0x05, 0x01])],
  ['garbage as traces', 400, '/v1/traces', protobuf, garbage],
  ['garbage as logs', 400, '/v1/logs', protobuf, garbage],
  ['garbage as metrics', 400, '/v1/metrics', protobuf, garbage],
  ['broken JSON as metrics', 400, '/v1/metrics', json, '{'],
  ['a list as metrics', 400, '/v1/metrics', json, '[]'],
  ['field 0, which does not exist', 400, '/v1/traces', protobuf, Buffer.from([0x00, 0x00])],
  ['the end of a group that never began', 400, '/v1/traces', protobuf, Buffer.from([0x3c])],
  ['a group without an end', 400, '/v1/traces', protobuf, Buffer.from([0x3b])],
  ['a body that is not gzip', 400, '/v1/traces', { ...json, 'content-encoding': 'gzip' }, '{}'],
  ['an unknown encoding', 415, '/v1/traces', { ...json, ...lz4 }, '{}'],
  ['an unknown encoding of protobuf', 415, '/v1/traces', { ...protobuf, ...lz4 }, ''],
  ['a form, which any page can send', 415, '/v1/traces', { 'content-type': 'text/plain' }, '{}'],
  ['no content type', 415, '/v1/traces', {}, '{}'],
  ['a header that no media type has', 415, '/v1/traces', { 'content-type': 'json' }, '{}'],
  ['gRPC', 415, '/v1/traces', { 'content-type': 'application/grpc+protobuf' }, ''],
  ['an unknown signal in protobuf', 404, '/v1/profiles', protobuf, ''],
  ['an unknown signal in JSON', 404, '/v1/profiles', json, '{}'],
  ['33 MiB of protobuf', 413, '/v1/traces', protobuf, Buffer.alloc(34_603_008, 0x3a)],
  ['33 MiB of JSON', 413, '/v1/traces', json, Buffer.alloc(34_603_008, ' ')],
  [
    'a body that expands a thousandfold',
    413,
    '/v1/traces',
    { ...protobuf, 'content-encoding': 'gzip' },
    gzipSync(Buffer.alloc(70_000_000)),
  ],
];

// https://opentelemetry.io/docs/specs/otlp/#failures-1
test.each(refusals)(
  'the receiver refuses %s with a google.rpc.Status',
  async (_what, code, path, headers, body) => {
    const answer = await shown.raw('POST', path, { headers: { ...headers }, body });
    expect({ code: answer.status, text: answer.text }).toMatchObject({ code });
    const isProtobuf = 'content-type' in headers && String(headers['content-type']).includes('protobuf');
    expect(answer.headers['content-type']).toMatch(
      isProtobuf ? 'application/x-protobuf' : 'application/json',
    );
    const told = isProtobuf ? decode(status, Buffer.from(answer.text, 'latin1')) : answer.body;
    expect(told).toMatchObject({
      code: { 400: 3, 404: 5, 413: 8, 415: 3 }[code],
      message: expect.stringMatching(/^.{10,}\.?$/) as string,
    });
  },
);

// With OTEL_EXPORTER_OTLP_ENDPOINT=…/v1/traces, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT without a path, and a prefix of another receiver.
test.each(['/v1/traces/v1/traces', '/', '/otlp/v1/traces', '/traces?x=1'])(
  'telemetry that is sent to %s is told where it goes, and Senders shows it',
  async (path) => {
    const headers = { ...protobuf, 'user-agent': `lost at ${path}` };
    const answer = await shown.raw('POST', path, { headers, body: garbage });
    const reason = `not to ${path.replace('?x=1', '')}. `;
    expect(answer.status).toBe(404);
    expect(answer.text).toContain(reason);
    const { body } = await shown.call('GET', '/api/senders');
    expect((body as SenderList).refusals[0]).toMatchObject({
      from: `lost at ${path}`,
      status: 404,
      reason: expect.stringContaining(reason) as string,
    });
  },
);

test('the receiver answers any method but POST with the one that it takes', async () => {
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const answer = await shown.raw(method, '/v1/traces', { headers: { 'content-type': 'application/json' } });
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'POST' }, body: { code: 12 } });
  }
});

test.each([
  ['a body that is too large', 'application/json', '/v1/traces', 413],
  ['another content type', 'text/plain', '/v1/traces', 415],
  ['an unknown signal', 'application/json', '/v1/profiles', 404],
])(
  'a sender of %s can write its whole body and then send another request',
  async (_what, type, path, code) => {
    // As Go's client does: it writes the body first, and a connection that is reset meanwhile hides the answer.
    const socket = connect(Number(new URL(shown.url).port), '127.0.0.1');
    const received: string[] = [];
    socket.setEncoding('utf8').on('data', (chunk: string) => received.push(chunk));
    const head = (length: number) =>
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
    const length = 40_000_000;
    socket.write(head(length));
    for (let sent = 0; sent < length; sent += 1_000_000)
      if (!socket.write(Buffer.alloc(1_000_000, ' '))) await once(socket, 'drain');
    const answers = () => received.join('').split(`HTTP/1.1 ${code}`).length - 1;
    await expect.poll(answers, { timeout: 20_000 }).toBe(1);
    socket.write(`${head(2)}{}`);
    if (code !== 413) await expect.poll(answers, { timeout: 20_000 }).toBe(2);
    else await expect.poll(() => received.join(''), { timeout: 20_000 }).toContain('HTTP/1.1 200');
    socket.destroy();
  },
);

test('a sender that goes away in the middle of a body does no harm', async () => {
  const socket = connect(Number(new URL(shown.url).port), '127.0.0.1');
  socket.write(
    'POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  );
  await once(socket, 'connect');
  socket.destroy();
  await once(socket, 'close');
  expect((await shown.raw('POST', '/v1/traces', { body: {} })).status).toBe(200);
});

test('a body that never ends is answered with 408, and its connection closed', {
  timeout: 10_000,
}, async () => {
  await using impatient = await startTestConsole({ requestTimeout: 100 });
  const socket = connect(Number(new URL(impatient.url).port), '127.0.0.1');
  socket.write(
    'POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  );
  expect(await textOf(socket)).toMatch(/^HTTP\/1.1 408 /);
  expect(impatient.defects).toEqual([]);
});

test('no request above caused an unexpected error', () => {
  expect(shown.defects).toEqual([]);
});

test('everything that is cut off counts for its sender', async () => {
  const long = { stringValue: 'x'.repeat(5000) };
  const tooLong = (key: string) => ({ key, value: long });
  const of = (name: string) => ({ attributes: [{ key: 'service.name', value: { stringValue: name } }] });
  const send = async (path: string, body: object) => {
    const answer = await shown.raw('POST', path, { body });
    expect(answer.status).toBe(200);
  };
  const span = {
    traceId: 'c'.repeat(32),
    spanId: 'd'.repeat(16),
    name: long.stringValue,
    attributes: [tooLong('a')],
    // Two texts, one attribute that the sender dropped, and 36 of its 100 entries.
    events: [
      {
        name: long.stringValue,
        attributes: [
          tooLong('b'),
          {
            key: 'list',
            value: { arrayValue: { values: Array.from({ length: 100 }, () => ({ intValue: 1 })) } },
          },
        ],
        droppedAttributesCount: 1,
      },
    ],
    links: [{ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), attributes: [tooLong('c')] }],
    status: { code: 2, message: long.stringValue },
  };
  await send('/v1/traces', {
    resourceSpans: [{ resource: of('cut spans'), scopeSpans: [{ spans: [span] }] }],
  });
  const line = { body: long, attributes: [tooLong('a')], droppedAttributesCount: 2 };
  await send('/v1/logs', {
    resourceLogs: [{ resource: of('cut lines'), scopeLogs: [{ logRecords: [line] }] }],
  });
  const dataPoints = [{ asInt: 1, timeUnixNano: '1', attributes: [tooLong('label')] }];
  const metrics = [{ name: 'm', description: long.stringValue, gauge: { dataPoints } }];
  await send('/v1/metrics', {
    resourceMetrics: [{ resource: of('cut points'), scopeMetrics: [{ metrics }] }],
  });
  const whole = { name: 'x'.repeat(4096), traceId: 'e'.repeat(32), spanId: 'd'.repeat(16) };
  await send('/v1/traces', { resourceSpans: [{ resource: of('whole'), scopeSpans: [{ spans: [whole] }] }] });

  const { body } = await shown.call('GET', '/api/senders');
  const { senders } = body as { senders: Array<{ service: string; dropped: number }> };
  const counts = Object.fromEntries(senders.map(({ service, dropped }) => [service, dropped]));
  expect(counts).toMatchObject({ 'cut spans': 6 + 1 + 36, 'cut lines': 2 + 2, 'cut points': 2, whole: 0 });
  const lines = await shown.call('GET', '/api/logs?service=cut');
  expect(lines.body).toMatchObject({ lines: [{ dropped: 4 }] });
});

test('senders are listed with their resource, and refused requests with their reason', async () => {
  const attributes = [
    { key: 'service.name', value: { stringValue: '<b>shop</b>' } },
    { key: 'service.instance.id', value: { stringValue: 'one' } },
    { key: 'process.pid', value: { intValue: '7' } },
  ];
  const spans = [
    { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), name: 'kept' },
    { traceId: '0'.repeat(32), spanId: 'b'.repeat(16), name: 'rejected' },
  ];
  await shown.raw('POST', '/v1/traces', {
    body: { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] },
  });
  await shown.raw('POST', '/v1/logs', { body: '{', headers: { ...json, 'user-agent': 'a sender' } });
  const { body } = await shown.call('GET', '/api/senders');
  const list = body as { senders: object[]; refusals: object[] };
  expect(list.senders).toContainEqual(
    expect.objectContaining({
      service: '<b>shop</b>',
      instance: 'one',
      attributes: { 'service.name': '<b>shop</b>', 'service.instance.id': 'one', 'process.pid': 7 },
      spans: expect.objectContaining({ total: 1 }),
      rejected: 1,
    }),
  );
  expect(list.refusals).toContainEqual(
    expect.objectContaining({
      from: 'a sender',
      status: 400,
      count: 1,
      reason: expect.stringMatching(/cannot be read/),
    }),
  );
});
