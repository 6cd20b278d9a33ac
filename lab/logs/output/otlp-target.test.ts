import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { logsRequest } from '../../console/otlp/messages.ts';
import { decode } from '../../console/otlp/protobuf.ts';
import { type Batch, BatchBuilder } from '../batch.ts';
import { type Counts, createCounts } from '../counts.ts';
import { createOtlpTarget, type OtlpTargetOptions } from './otlp-target.ts';
import type { Target } from './target.ts';

type Answer = (response: ServerResponse) => void;

let answers: Answer[];
let requests: Array<{ request: IncomingMessage; body: Buffer; at: number }>;
let said: string[];
let counts: Counts;
let stack: AsyncDisposableStack;
let url: string;

beforeEach(async () => {
  [answers, requests, said] = [[], [], []];
  counts = createCounts(10);
  stack = new AsyncDisposableStack();
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      requests.push({ request, body, at: performance.now() });
      (answers.shift() ?? ((accepted) => accepted.end()))(response);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/otlp`;
});

afterEach(() => stack.disposeAsync());

const batch: Batch = {
  lines: 7,
  request: Buffer.from('a request '.repeat(50)),
  text: Buffer.alloc(0),
  ends: new Map(),
  newest: 0,
  release: () => {},
};

function batchOf(lines: readonly string[]): Batch {
  const builder = new BatchBuilder({ size: 1000, bytes: 1e6, otlp: true, text: false });
  for (const line of lines) builder.addText(Buffer.from(line), [0, line.length], 'shop');
  return builder.take();
}

const linesIn = (body: Buffer) => decode(logsRequest, body).map(({ body: line }) => line);

const endless = new AbortController().signal;

function start(options: Partial<OtlpTargetOptions> = {}): Target {
  const target = createOtlpTarget({
    url,
    compression: 'gzip',
    authorization: 'Bearer key',
    timeout: 10_000,
    connections: 2,
    backoff: { base: 5, floor: 1, cap: 50 },
    counts,
    say: (sentence) => said.push(sentence),
    ...options,
  });
  stack.defer(() => target.close());
  return target;
}

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(code, headers).end();
  };

test('a batch is sent compressed, with the key, under the path of the URL', async () => {
  await start().send(batch, endless);
  await start({ compression: 'zstd' }).send(batch, endless);
  await start({ compression: 'none' }).send(batch, endless);
  expect(requests.map(({ request }) => [request.method, request.url])).toEqual(
    Array.from({ length: 3 }, () => ['POST', '/otlp/v1/logs']),
  );
  expect(requests.map(({ request }) => request.headers['content-encoding'])).toEqual([
    'gzip',
    'zstd',
    undefined,
  ]);
  const [gzip, zstd, none] = requests.map(({ body }) => body);
  expect(gunzipSync(gzip ?? '')).toEqual(batch.request);
  expect(zstdDecompressSync(zstd ?? '')).toEqual(batch.request);
  expect(none).toEqual(batch.request);
  expect(requests[0]?.request.headers).toMatchObject({
    authorization: 'Bearer key',
    'content-type': 'application/x-protobuf',
  });
});

test.each([[401], [404], [429], [500], [502], [503], [504]])(
  'status %i says nothing about the batch, which is sent until it is accepted, and told once',
  async (code) => {
    answers = [status(code), status(code), (response) => response.destroy(), status(code)];
    await start().send(batch, endless);
    expect(requests).toHaveLength(5);
    expect(new Set(requests.map(({ body }) => body.toString('hex'))).size).toBe(1);
    expect(counts).toMatchObject({ retries: 4, rejected: 0 });
    expect(said).toEqual([
      `${url} does not accept: status ${code}. Reading waits, and nothing is lost.`,
      `${url} accepts again.`,
    ]);
  },
);

test.each([[400], [415], [422]])(
  'status %i refuses the batch for good, and its lines are counted',
  async (code) => {
    answers = [status(code)];
    await start().send(batch, endless);
    expect(requests).toHaveLength(1);
    expect(counts).toMatchObject({ retries: 0, rejected: 7 });
    expect(said).toEqual([`${url} refuses 7 of 7 lines: status ${code}.`]);
  },
);

test('a receiver that takes no batch of this size gets it in parts, and only the line that is too long alone is refused', async () => {
  const lines = Array.from({ length: 9 }, (_, index) =>
    index === 4 ? 'long '.repeat(400) : `line ${index}`,
  );
  const longest = 900;
  const answer: Answer = (response) =>
    status((requests.at(-1)?.body.length ?? 0) > longest ? 413 : 200)(response);
  answers = Array.from({ length: 100 }, () => answer);
  await start({ compression: 'none' }).send(batchOf(lines), endless);
  const taken = requests.filter(({ body }) => body.length <= longest);
  expect(taken.flatMap(({ body }) => linesIn(body))).toEqual(lines.filter((_, index) => index !== 4));
  expect(counts).toMatchObject({ rejected: 1, retries: 0 });
  expect(said).toEqual([`${url} refuses 1 of 1 lines: status 413.`]);
});

test.each([
  ['in Go', 'Client sent an HTTP request to an HTTPS server.\n'],
  ['behind nginx', '<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>'],
])('a receiver %s with TLS loses no line to an address with http://', async (_where, sentence) => {
  answers = [(response) => void response.writeHead(400).end(sentence)];
  await start().send(batch, endless);
  expect(counts.rejected).toBe(0);
  expect(said[0]).toBe(
    `${url} does not accept: the port speaks TLS, so the address needs https://. Reading waits, and nothing is lost.`,
  );
});

/** The frame SETTINGS, and an alert of TLS: `unexpected_message`. */
const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const alert = Buffer.from([0x15, 3, 1, 0, 2, 2, 10]);

test.each<[kind: string, scheme: string, bytes: string | Buffer, reason: string]>([
  ['gRPC', 'http', settings, 'the port speaks HTTP/2, probably for gRPC (4317)'],
  ['TLS', 'http', alert, 'the port speaks TLS, so the address needs https://'],
  ['another protocol', 'http', 'SSH-2.0-x\r\n', 'what answers is no HTTP/1.1'],
  ['HTTP without TLS', 'https', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'the port speaks no TLS'],
  [
    'a kind that only hangs up',
    'http',
    '',
    'the connection was closed without an answer; if the port is for TLS',
  ],
])('a port for %s is told as what it is', async (_kind, scheme, bytes, reason) => {
  const server = createTcpServer(
    (socket) => void socket.on('error', () => {}).once('data', () => socket.end(bytes)),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  stack.defer(() => void server.close());
  const giveUp = new AbortController();
  const { port } = server.address() as AddressInfo;
  const say = (sentence: string) => giveUp.abort(new Error(sentence));
  const target = start({ url: `${scheme}://127.0.0.1:${port}`, say });
  await expect(target.send(batch, giveUp.signal)).rejects.toThrow(`does not accept: ${reason}`);
});

test('a partial success counts what the receiver refused', async () => {
  // ExportLogsServiceResponse: partial_success { rejected_log_records: 3, error_message: "too old" }
  const response = Buffer.from([0x0a, 0x0b, 0x08, 0x03, 0x12, 0x07, ...Buffer.from('too old')]);
  answers = [(answer) => answer.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(response)];
  await start().send(batch, endless);
  expect(counts).toMatchObject({ rejected: 3, retries: 0 });
  expect(said).toEqual([`${url} refuses 3 of 7 lines: too old.`]);
});

test('a receiver that refuses every batch is told of at times, and every line counts', async () => {
  const target = start();
  answers = Array.from({ length: 50 }, () => status(400));
  for (let number = 0; number < 50; number += 1) await target.send(batch, endless);
  expect(counts.rejected).toBe(350);
  expect(said.length).toBeLessThan(10);
});

test.each<[name: string, answer: Answer, reason: string]>([
  [
    'sends its answer for ever, byte by byte',
    (response) => {
      const timer = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(timer));
    },
    'no answer in time',
  ],
  [
    'ends within its answer',
    (response) => void response.writeHead(200, { 'content-length': '10' }).end('12345'),
    '',
  ],
])('a receiver that %s has not accepted', async (_name, answer, reason) => {
  answers = [answer];
  await start({ timeout: 1000 }).send(batch, endless);
  expect(requests).toHaveLength(2);
  expect(said[0]).toContain(`does not accept: ${reason}`);
});

test('an answer without an end does not fill the memory', async () => {
  answers = [
    (response) => {
      const more = () => {
        while (response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    },
  ];
  const before = process.memoryUsage().arrayBuffers;
  await start().send(batch, endless);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6);
  expect(requests).toHaveLength(1);
});

test.each([
  ['seconds', () => '1'],
  ['a date', () => new Date(Date.now() + 3000).toUTCString()],
])('Retry-After in %s is the shortest wait', async (_form, value) => {
  answers = [status(503, { 'retry-after': value() })];
  await start().send(batch, endless);
  const [first, second] = requests.map(({ at }) => at);
  // A date has whole seconds.
  expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(950);
});

test('a receiver that never answers is tried until the signal ends it', async () => {
  answers = Array.from({ length: 100 }, (): Answer => () => {});
  const giveUp = new AbortController();
  const sent = start({ timeout: 20 }).send(batch, giveUp.signal);
  await expect.poll(() => counts.retries, { timeout: 20_000 }).toBeGreaterThan(0);
  giveUp.abort(new Error('given up'));
  await expect(sent).rejects.toThrow('given up');
  expect(said).toEqual([`${url} does not accept: no answer in time. Reading waits, and nothing is lost.`]);
});
