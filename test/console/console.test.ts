import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Overview } from '../../lab/console/api-types.ts';
import {
  otlpSpan,
  protobufSpan,
  startTestConsole,
  type TestConsole,
  traceRequestOf,
} from '../support/processes/console.ts';
import { scrapedService } from '../support/processes/scraped-service.ts';

let shown: TestConsole;
beforeAll(async () => {
  shown = await startTestConsole();
});
afterAll(async () => {
  await shown[Symbol.asyncDispose]();
});

const attribute = (key: string, value: object) => ({ key, value });
const traceOf = (traceId: string) => shown.call('GET', `/api/traces/${traceId}`);

describe('the receiver', () => {
  test('the receiver takes spans in JSON', async () => {
    const span = otlpSpan({ name: 'POST /orders' });
    const { status, body, headers } = await shown.raw('POST', '/v1/traces', {
      body: traceRequestOf([span]),
    });
    expect({ status, body, type: headers['content-type'] }).toMatchObject({
      status: 200,
      body: {},
      type: expect.stringMatching(/^application\/json/) as string,
    });
    expect((await traceOf(span.traceId)).body).toMatchObject({
      spans: [{ name: 'POST /orders', service: 'orders', kind: 'SERVER' }],
    });
  });

  test.each([
    ['protobuf', {}, (body: Buffer) => body],
    ['compressed protobuf', { 'content-encoding': 'gzip' }, (body: Buffer) => gzipSync(body)],
  ])('the receiver takes spans in %s', async (_how, encoding, encode) => {
    const traceId = `${Math.random().toString(16).slice(2).padEnd(16, '0')}${'e'.repeat(16)}`;
    const body = encode(protobufSpan(traceId, 'in protobuf'));
    const answer = await shown.raw('POST', '/v1/traces', {
      headers: { 'content-type': 'application/x-protobuf', ...encoding },
      body,
    });
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect((await traceOf(traceId)).body).toMatchObject({ spans: [{ name: 'in protobuf' }] });
  });

  test('the receiver takes log lines and shows them with their trace', async () => {
    const span = otlpSpan();
    await shown.sendSpans(span);
    await shown.sendLogs({
      traceId: span.traceId,
      spanId: span.spanId,
      severityNumber: 13,
      body: { stringValue: 'slow' },
      timeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
    });
    const lines = [{ text: 'slow', level: 'warn', spanId: span.spanId }];
    expect((await traceOf(span.traceId)).body).toMatchObject({ logs: lines });
    expect((await shown.call('GET', `/api/logs?trace=${span.traceId}`)).body).toMatchObject({ lines });
  });

  test('received metrics and calls between services are shown', async () => {
    const timeUnixNano = String(BigInt(Date.now()) * 1_000_000n);
    const gauge = {
      dataPoints: [{ timeUnixNano, asInt: '7', attributes: [attribute('pool', { stringValue: 'a' })] }],
    };
    const body = {
      resourceMetrics: [
        {
          scopeMetrics: [
            {
              metrics: [
                { name: 'pool.size', gauge },
                { name: '', gauge },
              ],
            },
          ],
        },
      ],
    };
    expect(await shown.raw('POST', '/v1/metrics', { body })).toMatchObject({
      status: 200,
      body: { partialSuccess: { rejectedDataPoints: '1' } },
    });
    expect((await shown.call('GET', '/api/metrics')).body).toMatchObject({
      metrics: [{ name: 'pool.size', kind: 'gauge', services: ['unknown'], labels: { pool: ['a'] } }],
    });
    expect((await shown.call('GET', '/api/metrics/points?name=pool.size&label=pool%3Da')).body).toMatchObject(
      {
        series: [{ labels: { pool: 'a' }, columns: { value: [7] } }],
      },
    );
    expect((await shown.call('GET', '/api/overview')).body).toMatchObject({ receiver: { points: 1 } });

    await shown.sendSpans(
      otlpSpan({ kind: 3, attributes: [attribute('db.system.name', { stringValue: 'redis' })] }),
    );
    expect((await shown.call('GET', '/api/map')).body).toMatchObject({
      edges: expect.arrayContaining([
        expect.objectContaining({ from: 'service:orders', to: 'database:redis', calls: 1 }),
      ]) as unknown,
    });
  });

  test('the receiver stays within its memory during a flood', async () => {
    await using small = await startTestConsole({ memory: 400_000 });
    for (let batch = 0; batch < 30; batch += 1) {
      await small.sendSpans(...Array.from({ length: 100 }, () => otlpSpan({ status: { code: 2 } })));
      await small.sendLogs(
        ...Array.from({ length: 100 }, () => ({ severityNumber: 17, body: { stringValue: 'bad' } })),
      );
    }
    const { body } = await small.call('GET', '/api/overview');
    expect(body).toMatchObject({ receiver: { spans: 3000, logs: 3000 } });
    expect((body as { receiver: { bytes: number } }).receiver.bytes).toBeLessThanOrEqual(400_000);
  });
});

test('the service whose metrics are read has the name of its own spans, whoever called it and whatever it calls', async () => {
  const own = otlpSpan({ name: 'POST /orders', parentSpanId: 'd'.repeat(16) });
  await using service = await scrapedService(own.traceId);
  await using watching = await startTestConsole({ targets: service.targets });
  const { traceId, spanId } = own;
  const caller = otlpSpan({ traceId, name: 'checkout' });
  const called = otlpSpan({ traceId, name: 'POST /charges', parentSpanId: spanId });
  await watching.raw('POST', '/v1/traces', { body: traceRequestOf([caller, called], 'shop') });
  const overview = async () => (await watching.call('GET', '/api/overview')).body as Overview;
  await expect.poll(async () => (await overview()).exemplars).not.toEqual([]);
  expect(await overview()).toMatchObject({ service: 'up', serviceName: '' });
  await watching.sendSpans(own);
  expect(await overview()).toMatchObject({ serviceName: 'orders' });
});

describe('the page', () => {
  test('the page is under a megabyte, in few files that a browser keeps', async () => {
    const names = [...(await shown.call('GET', '/')).text.matchAll(/\/page\/([\w.-]+)/g)].map(
      ([, name = '']) => name,
    );
    const known = new Set<string>();
    let size = 0;
    for (const queue = [...names]; queue.length > 0; ) {
      const name = queue.shift() ?? '';
      if (known.has(name)) continue;
      known.add(name);
      const { status, text, headers } = await shown.raw('GET', `/page/${name}`);
      expect({ name, status }).toEqual({ name, status: 200 });
      // A name with a hash stands for this content for ever.
      const isHashed = /-[\w-]{8}\.(js|css)$/.test(name);
      expect({ name, cache: headers['cache-control'] }).toEqual({
        name,
        cache: isHashed ? 'private, max-age=31536000, immutable' : 'no-store',
      });
      size += Buffer.byteLength(text);
      for (const [, imported = ''] of text.matchAll(/^import .* from "\.\/([^"]+)"/gm)) queue.push(imported);
    }
    // A browser takes longer to load a hundred small files than to show them.
    expect([...known].map((name) => name.replace(/-[\w-]{8}\./, '-.')).toSorted()).toEqual([
      'icon.svg',
      'main-.js',
      'styles-.css',
    ]);
    expect(size).toBeLessThan(1_000_000);
  });

  test('a source map leads from the minified script to the modules', async () => {
    const [, script = ''] = /src="(\/page\/main-[^"]+)"/.exec((await shown.call('GET', '/')).text) ?? [];
    const [, map = ''] = /\/\/# sourceMappingURL=(\S+)\s*$/.exec((await shown.raw('GET', script)).text) ?? [];
    const { text } = await shown.raw('GET', `/page/${map}`);
    const { sources, sourcesContent } = JSON.parse(text) as { sources: string[]; sourcesContent: string[] };
    const overview = sources.findIndex((name) => name.endsWith('lab/console/page/overview.ts'));
    expect(sourcesContent[overview]).toContain('export function overviewView');
  });

  test('the page answers at the address of each view and serves no other file', async () => {
    for (const path of [
      '/',
      '/traces',
      `/traces/${'a'.repeat(32)}`,
      '/logs',
      '/orders/o-1',
      '/faults',
      '/traffic',
    ]) {
      expect((await shown.call('GET', path)).text).toContain('<main');
    }
    expect(await shown.call('GET', '/nowhere')).toMatchObject({ status: 404 });
    for (const path of [
      '/page/..%2fguard.ts',
      '/page/page-files.ts',
      '/page/main.ts',
      '/page/tsconfig.json',
      '/page/band.test.ts',
    ]) {
      expect(await shown.call('GET', path)).toMatchObject({ status: 404 });
    }
  });

  test('the search finds a trace or an order by any text that contains an id', async () => {
    const span = otlpSpan();
    const requestId = '9b1c7d52-0f6e-4c58-9d3c-0d3f1d8c1a11';
    const orderId = '019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11';
    await shown.sendSpans(span);
    await shown.sendLogs({
      traceId: span.traceId,
      spanId: span.spanId,
      body: { stringValue: 'request handled' },
      attributes: [{ key: 'request_id', value: { stringValue: requestId } }],
    });
    const found = async (text: string) => (await shown.call('POST', '/api/find', { body: { text } })).body;
    const trace = { kind: 'trace', id: span.traceId };
    expect(await found(span.traceId)).toEqual(trace);
    expect(await found(`traceparent: 00-${span.traceId}-${span.spanId}-01`)).toEqual(trace);
    expect(await found(`{"code":"internal_error","requestId":"${requestId}"}`)).toEqual(trace);
    expect(await found(`{"id":"${orderId}","status":"paid"}`)).toEqual({ kind: 'order', id: orderId });
    expect(await found('f'.repeat(32))).toMatchObject({
      kind: 'nothing',
      reason: expect.stringContaining('does not have this trace') as string,
    });
    expect(await found('POST /orders')).toMatchObject({ kind: 'nothing' });
  });
});

test('a text that is too long to search for is refused in words for whoever typed it', async () => {
  const answer = await shown.call('GET', `/api/logs?text=${'x'.repeat(201)}`);
  expect(answer).toMatchObject({
    status: 400,
    body: { detail: '"text" must NOT have more than 200 characters.' },
  });
});

test('no request above caused an unexpected error', () => {
  expect(shown.defects).toEqual([]);
});
