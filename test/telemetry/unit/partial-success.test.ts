import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type Attributes, context, diag, DiagLogLevel, logs, propagation, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { withValidNumbers } from '../../../src/telemetry/otlp/otlp-json.ts';
import { readPartialSuccess } from '../../../src/telemetry/otlp/partial-success.ts';
import { ProtobufWriter } from '../../../src/telemetry/otlp/protobuf-writer.ts';
import { createLogExport } from '../../../src/telemetry/sdk/log-export.ts';
import { createSpanExport } from '../../../src/telemetry/sdk/span-export.ts';

/** @see https://opentelemetry.io/docs/specs/otlp/#partial-success-1 */

const bounds = {
  maxQueueSize: 2048,
  maxExportBatchSize: 512,
  scheduledDelayMillis: 20,
  exportTimeoutMillis: 30_000,
};

let answer: { type: string; body: Uint8Array | string };
let server: Server;
let received: Array<{ headers: IncomingHttpHeaders; body: Buffer }>;
let lost: Record<string, number>;
let told: string[];
let sdk: NodeSDK | undefined;

beforeEach(async () => {
  received = [];
  lost = {};
  told = [];
  const answerLater = async (body: Promise<Buffer>, headers: IncomingHttpHeaders) =>
    received.push({ headers, body: await body });
  server = createServer((request, response) => {
    void answerLater(buffer(request), request.headers).then(() =>
      response.writeHead(200, { 'content-type': answer.type }).end(answer.body),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${port}`);
  const tell = (...parts: unknown[]) => told.push(parts.join(' '));
  diag.setLogger(
    { error: tell, warn: tell, info: () => {}, debug: () => {}, verbose: () => {} },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
});
afterEach(async () => {
  await sdk?.shutdown();
  sdk = undefined;
  diag.disable();
  server.closeAllConnections();
  server.close();
  vi.unstubAllEnvs();
});

type Signal = 'spans' | 'log records';
type Form = 'protobuf' | 'json';

/** Sends so many items in one batch. */
async function send(signal: Signal, form: Form, count: number, attributes: Attributes = {}): Promise<void> {
  const drop = (reason: string, items: number) => {
    lost[reason] = (lost[reason] ?? 0) + items;
  };
  sdk = new NodeSDK({
    spanProcessors: [await createSpanExport(bounds, drop, undefined, form)],
    logRecordProcessors: [await createLogExport(bounds, drop, undefined, form)],
    metricReaders: [],
    instrumentations: [],
  });
  sdk.start();
  for (let item = 0; item < count; item += 1) {
    if (signal === 'spans') trace.getTracer('test').startSpan('work', { attributes }).end();
    else logs.getLogger('test').emit({ body: 'hello', attributes });
  }
  await sdk.shutdown();
  sdk = undefined;
  for (const api of [trace, logs, context, propagation]) api.disable();
}

function partialSuccess(form: Form, signal: Signal, rejected: number, message: string) {
  if (form === 'json') {
    const name = signal === 'spans' ? 'rejectedSpans' : 'rejectedLogRecords';
    // An int64 is a text in the JSON of protobuf.
    const partial = { [name]: String(rejected), errorMessage: message };
    return { type: 'application/json', body: JSON.stringify({ partialSuccess: partial }) };
  }
  const writer = new ProtobufWriter(64);
  const partial = writer.begin(1);
  if (rejected > 0) writer.varint(1, rejected);
  writer.string(2, message);
  writer.end(partial);
  return { type: 'application/x-protobuf', body: writer.written() };
}

const cases = (['spans', 'log records'] as const).flatMap((signal) =>
  (['protobuf', 'json'] as const).map((form) => ({ signal, form })),
);

describe.each(cases)('$signal in $form', ({ signal, form }) => {
  test('rejected items are counted, and the reason of the receiver is told', async () => {
    answer = partialSuccess(form, signal, 3, 'the tenant is over its quota');
    await send(signal, form, 8);
    expect(lost).toEqual({ rejected: 3 });
    expect(told).toEqual([`the receiver rejected 3 of 8 ${signal}: the tenant is over its quota`]);
  });

  test('a receiver cannot reject more items than it got', async () => {
    answer = partialSuccess(form, signal, 2 ** 40, 'no');
    await send(signal, form, 2);
    expect(lost).toEqual({ rejected: 2 });
  });

  test('a warning of the receiver is told, and nothing is counted', async () => {
    answer = partialSuccess(form, signal, 0, 'this endpoint is deprecated');
    await send(signal, form, 2);
    expect(lost).toEqual({});
    expect(told).toEqual([`the receiver took all ${signal}, with a warning: this endpoint is deprecated`]);
  });

  test('an answer without a partial success means that everything was taken', async () => {
    for (const body of ['', form === 'json' ? '{}' : '', '{"partialSuccess":{}}']) {
      answer = { type: form === 'json' ? 'application/json' : 'application/x-protobuf', body };
      await send(signal, form, 2);
    }
    expect(lost).toEqual({});
    expect(told).toEqual([]);
  });

  test('an attribute that is no number of the protocol costs no other item', async () => {
    answer = { type: 'application/json', body: '' };
    const attributes = { nan: NaN, infinite: -Infinity, large: 2 ** 63, huge: 1e21, fine: 7, list: [1, NaN] };
    await send(signal, form, 2, attributes);
    expect(lost).toEqual({});
    expect(received).toHaveLength(1);
    const [{ headers, body }] = received as [(typeof received)[0]];
    expect(headers['content-type']).toBe(form === 'json' ? 'application/json' : 'application/x-protobuf');
    if (form === 'protobuf') return;
    expect(invalidNumbers(JSON.parse(body.toString()))).toEqual([]);
    expect(body.toString()).toContain('{"key":"fine","value":{"intValue":7}}');
    expect(body.toString()).toContain('{"key":"large","value":{"doubleValue":9223372036854776000}}');
  });
});

test('an answer in JSON to a request in protobuf is read', () => {
  const { body } = partialSuccess('json', 'spans', 4, 'no');
  const data = new TextEncoder().encode(String(body));
  expect(readPartialSuccess(data, () => ({}))).toEqual({ rejected: 4, message: 'no' });
});

/** Values that a receiver refuses, which checks them as protobuf's JSON mapping says. */
function invalidNumbers(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]: [string, unknown]) => {
    const isRight =
      (name !== 'intValue' || Number.isSafeInteger(Number(each))) &&
      (name !== 'doubleValue' || (typeof each === 'number' && Number.isFinite(each)));
    return isRight ? invalidNumbers(each) : [{ [name]: each }];
  });
}

test('no number in a request in JSON is refused, and valid values stay as they are', () => {
  const anyNumber = fc.oneof(
    fc.double(),
    fc.constantFrom(NaN, Infinity, -Infinity, 2 ** 53, 2 ** 63, -(2 ** 63), 1e21, -1e300, 0, -1),
    fc.maxSafeInteger(),
  );
  const toAnyValue = (value: number) =>
    Number.isInteger(value) ? { intValue: value } : { doubleValue: value };
  const values = fc.array(
    fc.oneof(
      anyNumber.map(toAnyValue),
      fc.string().map((stringValue) => ({ stringValue })),
    ),
  );
  fc.assert(
    fc.property(values, (list) => {
      const request = new TextEncoder().encode(JSON.stringify({ values: list }));
      const valid = JSON.parse(new TextDecoder().decode(withValidNumbers(request))) as { values: object[] };
      expect(invalidNumbers(valid)).toEqual([]);
      for (const [index, value] of list.entries()) {
        const [inner] = Object.values(value) as [string | number];
        if (typeof inner === 'string') expect(valid.values[index]).toEqual(value);
        else if (!Number.isFinite(inner)) expect(valid.values[index]).toEqual({});
        // JSON has no negative zero.
        else expect(Object.values(valid.values[index] ?? {})).toEqual([inner + 0]);
      }
    }),
    { numRuns: 1000 },
  );
});
