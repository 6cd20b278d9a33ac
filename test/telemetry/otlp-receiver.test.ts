import {
  type Attributes,
  context,
  logs,
  ROOT_CONTEXT,
  SeverityNumber,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { setTimeout as delay } from 'node:timers/promises';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type OtlpReceiver, startOtlpReceiver } from '../../lab/harness/otlp-receiver.ts';
import { printSpanTrees } from '../../lab/harness/span-tree.ts';
import { hiccup, timed } from '../support/clients/timing.ts';

// The real SDK and its exporter are the sender.

let receiver: OtlpReceiver;
let sdk: NodeSDK;
beforeAll(async () => {
  receiver = await startOtlpReceiver();
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_BSP_SCHEDULE_DELAY: '20',
    OTEL_BLRP_SCHEDULE_DELAY: '20',
    OTEL_SERVICE_NAME: 'sender',
    OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '12',
    OTEL_SPAN_EVENT_COUNT_LIMIT: '1',
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  sdk = new NodeSDK({ instrumentations: [] });
  sdk.start();
});
afterAll(async () => {
  await receiver.fail('off');
  await sdk.shutdown();
  await receiver[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
});
afterEach(() => receiver.fail('off'));

const tracer = () => trace.getTracer('test', '1.2.3');

test('the receiver decodes every part of a span', async () => {
  const linked = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 };
  const attributes: Attributes = {
    text: 'Grüße, 茶',
    empty: '',
    yes: true,
    no: false,
    zero: 0,
    negative: -42,
    large: Number.MAX_SAFE_INTEGER,
    fraction: -0.5,
    texts: ['a', 'b'],
    numbers: [1, -1],
    none: [],
  };
  const sent = tracer().startSpan(
    'every kind of value',
    {
      kind: SpanKind.CLIENT,
      attributes,
      links: [{ context: linked, attributes: { why: 'placed' } }],
      startTime: 1_700_000_000_123,
    },
    ROOT_CONTEXT,
  );
  sent.addEvent('dropped').addEvent('kept', { attempt: 2 }, 1_700_000_000_124);
  sent.setAttribute('twelfth', 'kept').setAttribute('thirteenth', 'dropped');
  sent.setStatus({ code: SpanStatusCode.ERROR, message: 'broken' });
  sent.end(1_700_000_001_123);

  const { traceId, spanId } = sent.spanContext();
  expect(await receiver.waitForSpan((span) => span.spanId === spanId)).toEqual({
    traceId,
    spanId,
    traceState: '',
    flags: 257,
    parentSpanId: '',
    name: 'every kind of value',
    kind: 'CLIENT',
    startTime: 1_700_000_000_123_000_000n,
    endTime: 1_700_000_001_123_000_000n,
    attributes: { ...attributes, twelfth: 'kept' },
    droppedAttributes: 1,
    events: [
      {
        name: 'kept',
        time: 1_700_000_000_124_000_000n,
        attributes: { attempt: 2 },
        droppedAttributes: 0,
      },
    ],
    droppedEvents: 1,
    links: [
      {
        traceId: linked.traceId,
        spanId: linked.spanId,
        traceState: '',
        flags: expect.any(Number),
        attributes: { why: 'placed' },
        droppedAttributes: 0,
      },
    ],
    droppedLinks: 0,
    status: { code: 'ERROR', message: 'broken' },
    scope: { name: 'test', version: '1.2.3', attributes: {}, droppedAttributes: 0, schemaUrl: '' },
    resource: expect.objectContaining({ 'service.name': 'sender' }),
    origin: expect.anything(),
  });
});

test('the receiver decodes a log record with its trace', async () => {
  const spanContext = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
  logs.getLogger('test').emit({
    severityNumber: SeverityNumber.WARN,
    severityText: 'warn',
    body: { msg: 'slow', list: [1, { deep: true }] },
    attributes: { route: '/orders' },
    timestamp: 1_700_000_000_000,
    context: trace.setSpanContext(ROOT_CONTEXT, spanContext),
  });
  expect(await receiver.waitForLog(({ severityText }) => severityText === 'warn')).toMatchObject({
    time: 1_700_000_000_000_000_000n,
    severityNumber: 13,
    body: { msg: 'slow', list: [1, { deep: true }] },
    attributes: { route: '/orders' },
    droppedAttributes: 0,
    traceId: spanContext.traceId,
    spanId: spanContext.spanId,
    scope: { name: 'test' },
    resource: { 'service.name': 'sender' },
  });
});

test('printSpanTrees prints a trace as a tree', async () => {
  const traceId = tracer().startActiveSpan('POST /orders', { kind: SpanKind.SERVER }, (root) => {
    tracer().startActiveSpan('orders.place', (place) => {
      tracer()
        .startSpan('INSERT orders', { kind: SpanKind.CLIENT, attributes: { rows: 1 } })
        .end();
      const charge = tracer().startSpan('payment.charge', {
        attributes: { outcome: 'unknown', attempts: 2 },
      });
      charge.setStatus({ code: SpanStatusCode.ERROR });
      charge.end();
      place.end();
    });
    root.setStatus({ code: SpanStatusCode.OK });
    root.end();
    return root.spanContext().traceId;
  });
  const trees = await receiver.waitForTrace(traceId, 4);
  expect(printSpanTrees(trees, ['attempts', 'outcome', 'rows'])).toBe(
    [
      'POST /orders [SERVER] OK',
      '  orders.place [INTERNAL]',
      '    INSERT orders [CLIENT] {rows=1}',
      '    payment.charge [INTERNAL] ERROR {attempts=2, outcome=unknown}',
    ].join('\n'),
  );
  expect(receiver.trace(traceId)).toEqual(trees);
});

test('the receiver treats a span with a remote parent as a root', async () => {
  const elsewhere = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), traceFlags: 1, isRemote: true };
  const parent = trace.setSpanContext(context.active(), elsewhere);
  tracer().startSpan('continued', {}, parent).end();
  const [root] = await receiver.waitForTrace(elsewhere.traceId, 1);
  expect(root?.span).toMatchObject({ name: 'continued', parentSpanId: elsewhere.spanId });
});

test('waitForSpan that times out lists the spans that arrived', async () => {
  tracer().startSpan('something else').end();
  await receiver.waitForSpan(({ name }) => name === 'something else');
  await expect(receiver.waitForSpan(({ name }) => name === 'never', 50)).rejects.toThrow(
    /^No such span within 50 ms. What arrived: .*something else/,
  );
});

describe('as a receiver that fails', () => {
  const send = (init: RequestInit = {}) =>
    fetch(`${receiver.url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      ...init,
    });

  test('a receiver set to refuse rejects connections until it is off', async () => {
    await receiver.fail('refuse');
    await expect(send()).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    await receiver.fail('off');
    expect((await send()).status).toBe(200);
  });

  test('a receiver set to hang accepts a request and never responds', async () => {
    await receiver.fail('hang');
    const before = receiver.requests;
    const giveUp = new AbortController();
    const sending = send({ signal: giveUp.signal });
    await expect.poll(() => receiver.requests).toBe(before + 1);
    expect(await Promise.race([sending, delay(200, 'no response')])).toBe('no response');
    giveUp.abort();
    await expect(sending).rejects.toThrow('aborted');
  });

  test('a receiver set to be slow responds after a second', async () => {
    await receiver.fail('slow');
    const { result, took } = await timed(() => send());
    expect(result.status).toBe(200);
    expect(took).toBeGreaterThan(900);
    expect(took).toBeLessThan(1000 + hiccup);
  });

  test('a receiver set to respond 503 gets the spans by a retry once it is off', async () => {
    await receiver.fail('503');
    const before = receiver.requests;
    tracer().startSpan('sent twice').end();
    await expect.poll(() => receiver.requests, { timeout: 5000 }).toBeGreaterThan(before);
    expect(receiver.spans.some(({ name }) => name === 'sent twice')).toBe(false);
    await receiver.fail('off');
    await receiver.waitForSpan(({ name }) => name === 'sent twice');
  });

  test.each([
    ['a truncated message', 400, { body: Buffer.from([0x0a, 0x05, 0x01]) }],
    ['a field of the wrong type', 400, { body: Buffer.from([0x08, 0x01]) }],
    ['a body that is not gzip', 400, { body: 'text', headers: { 'content-encoding': 'gzip' } }],
    ['JSON', 415, { body: '{}', headers: { 'content-type': 'application/json' } }],
  ])('the receiver rejects %s', async (_what, status, { body, headers }: RequestInit) => {
    const type = { 'content-type': 'application/x-protobuf' };
    const answer = await send({ body: body ?? null, headers: { ...type, ...(headers as object) } });
    expect(answer.status).toBe(status);
  });
});
