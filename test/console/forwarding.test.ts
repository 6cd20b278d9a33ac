import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  otlpSpan,
  startTestConsole,
  type TestConsole,
  traceRequestOf,
} from '../support/processes/console.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../lab/harness/otlp-receiver.ts';

let collector: OtlpReceiver;
let shown: TestConsole;
beforeEach(async () => {
  collector = await startOtlpReceiver();
  const destination = (signal: string) => ({
    url: `${collector.url}/v1/${signal}`,
    headers: { 'x-team': 'tea' },
  });
  shown = await startTestConsole({ collector: { traces: destination('traces'), logs: destination('logs') } });
});
afterEach(async () => {
  await collector.fail('off');
  await shown[Symbol.asyncDispose]();
  await collector[Symbol.asyncDispose]();
});

const soon = { timeout: 10_000 };

/** Sends compressed protobuf, the only format that the receiver accepts. */
async function sendCompressed(body: Buffer): Promise<void> {
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' };
  expect((await shown.raw('POST', '/v1/traces', { headers, body: gzipSync(body) })).status).toBe(200);
}

const collectorState = async () =>
  ((await shown.call('GET', '/api/overview')).body as { collector: object }).collector;

test("the console forwards telemetry unchanged to the user's Collector, with its headers", async () => {
  await sendCompressed(Buffer.alloc(0));
  await expect.poll(() => collector.received.length, soon).toBe(1);
  expect(collector.received[0]).toMatchObject({
    path: '/v1/traces',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip', 'x-team': 'tea' },
    body: Buffer.alloc(0),
  });
  await expect.poll(collectorState, soon).toEqual({ sent: 1, waiting: 0, dropped: 0 });
});

test('a hanging Collector delays no sender', async () => {
  await collector.fail('hang');
  const spans = Array.from({ length: 50 }, () => otlpSpan());
  for (const span of spans) await shown.sendSpans(span);
  for (const { traceId } of spans)
    expect((await shown.call('GET', `/api/traces/${traceId}`)).status).toBe(200);
  expect(await collectorState()).toMatchObject({ sent: 0, waiting: 49 });
});

test('the forwarding queue is bounded, and dropped requests are counted', async () => {
  await collector.fail('hang');
  const span = otlpSpan({ attributes: [{ key: 'long', value: { stringValue: 'x'.repeat(4_000_000) } }] });
  for (let count = 0; count < 8; count += 1) {
    await shown.raw('POST', '/v1/traces', { body: traceRequestOf([span]) });
  }
  const state = await collectorState();
  expect(state).toMatchObject({ waiting: 4, dropped: 3 });
});

test('a Collector gets the queued telemetry after an outage, which the console shows meanwhile', async () => {
  await collector.fail('503');
  await sendCompressed(Buffer.alloc(0));
  await expect.poll(collectorState, soon).toMatchObject({ failure: 'It answers 503.' });
  await collector.fail('off');
  await expect.poll(collectorState, soon).toEqual({ sent: 1, waiting: 0, dropped: 0 });
});

test('an outage of the destination of traces does not hold the log lines', async () => {
  await using elsewhere = await startOtlpReceiver();
  await using divided = await startTestConsole({
    collector: {
      traces: { url: `${collector.url}/v1/traces`, headers: {} },
      logs: { url: `${elsewhere.url}/v1/logs`, headers: {} },
    },
  });
  await collector.fail('503');
  const headers = { 'content-type': 'application/x-protobuf' };
  await divided.raw('POST', '/v1/traces', { headers, body: Buffer.alloc(0) });
  await expect.poll(() => collector.requests, soon).toBeGreaterThan(0);
  await divided.raw('POST', '/v1/logs', { headers, body: Buffer.alloc(0) });
  await expect.poll(() => elsewhere.received.map(({ path }) => path), soon).toEqual(['/v1/logs']);
  const { body } = await divided.call('GET', '/api/overview');
  expect(body).toMatchObject({ collector: { sent: 1, dropped: 0, failure: 'It answers 503.' } });
  await collector.fail('off');
});

test('the console does not retry what the Collector rejects permanently', async () => {
  // The receiver accepts only protobuf.
  await shown.sendSpans(otlpSpan());
  await expect.poll(collectorState, soon).toMatchObject({ sent: 0, dropped: 1, failure: 'It answers 415.' });
  expect(collector.requests).toBe(1);
});

test('the console does not forward a signal without a destination', async () => {
  await shown.raw('POST', '/v1/metrics', { body: {} });
  expect(await collectorState()).toEqual({ sent: 0, waiting: 0, dropped: 0 });
});

test('a file of traces is shown, and is no live telemetry: not forwarded, not on the map, of no sender', async () => {
  const span = otlpSpan();
  // The id of the trace is not the first one that stands in the file.
  const linked = { links: [{ traceId: 'd'.repeat(32), spanId: 'e'.repeat(16) }], ...span };
  const opened = await shown.call('POST', '/api/traces', { body: traceRequestOf([linked]) });
  expect(opened).toMatchObject({ status: 200, body: { traceId: span.traceId } });
  expect((await shown.call('GET', `/api/traces/${span.traceId}`)).status).toBe(200);
  expect(await collectorState()).toEqual({ sent: 0, waiting: 0, dropped: 0 });
  expect((await shown.call('GET', '/api/senders')).body).toMatchObject({ senders: [], refusals: [] });
  expect((await shown.call('GET', '/api/map')).body).toMatchObject({ nodes: [], edges: [] });
  expect((await shown.raw('POST', '/api/traces', { body: {} })).status).toBe(401);
});
