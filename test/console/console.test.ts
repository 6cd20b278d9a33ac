import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
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

const traceOf = (traceId: string) => shown.call('GET', `/api/traces/${traceId}`);

describe('takes telemetry', () => {
  test('in JSON', async () => {
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
    ['in protobuf', {}, (body: Buffer) => body],
    ['compressed', { 'content-encoding': 'gzip' }, (body: Buffer) => gzipSync(body)],
  ])('%s', async (_how, encoding, encode) => {
    const traceId = `${Math.random().toString(16).slice(2).padEnd(16, '0')}${'e'.repeat(16)}`;
    const body = encode(protobufSpan(traceId, 'in protobuf'));
    const answer = await shown.raw('POST', '/v1/traces', {
      headers: { 'content-type': 'application/x-protobuf', ...encoding },
      body,
    });
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect((await traceOf(traceId)).body).toMatchObject({ spans: [{ name: 'in protobuf' }] });
  });

  test('log lines, beside their trace', async () => {
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

  test('metrics too, of which it keeps nothing: it reads them where they are', async () => {
    expect(await shown.raw('POST', '/v1/metrics', { body: {} })).toMatchObject({ status: 200 });
  });

  test.each([
    [
      'a message that is cut off',
      400,
      { 'content-type': 'application/x-protobuf' },
      Buffer.from([0x0a, 0x05, 0x01]),
    ],
    ['what is not gzip', 400, { 'content-type': 'application/json', 'content-encoding': 'gzip' }, '{}'],
    ['an unknown encoding', 400, { 'content-type': 'application/json', 'content-encoding': 'br' }, '{}'],
    ['broken JSON', 400, { 'content-type': 'application/json' }, '{'],
    ['a form, which any page could send', 415, { 'content-type': 'text/plain' }, '{}'],
    ['too much', 413, { 'content-type': 'application/json' }, Buffer.alloc(8_388_609, ' ')],
  ])('but refuses %s', async (_what, status, headers, body) => {
    expect((await shown.raw('POST', '/v1/traces', { headers, body })).status).toBe(status);
  });

  test('but refuses what comes to a thousand times its size', async () => {
    const bomb = gzipSync(Buffer.alloc(60_000_000));
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' };
    expect((await shown.raw('POST', '/v1/traces', { headers, body: bomb })).status).toBe(400);
  });

  test('within its memory, however much is sent', async () => {
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

describe('is for this machine and this user alone', () => {
  test('the printed address opens the page, and the page needs the token no more', async () => {
    const { pathname, search } = new URL(shown.pageUrl);
    const first = await shown.raw('GET', pathname + search);
    expect(first.status).toBe(200);
    expect(first.text).not.toContain(shown.token);
    const cookie = String(first.headers['set-cookie']);
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/);
    const session = { headers: { cookie: cookie.split(';')[0] ?? '' } };
    expect((await shown.raw('GET', '/', session)).text).toContain('<main');
    expect((await shown.raw('GET', '/api/overview', session)).status).toBe(200);
  });

  test('without it there is a page that says where it is, and no data', async () => {
    const locked = await shown.raw('GET', '/traces');
    expect(locked).toMatchObject({ status: 401 });
    expect(locked.text).toContain('Open the console at the address that was printed');
    expect(await shown.raw('GET', '/?token=wrong')).toMatchObject({ status: 401 });
    for (const path of ['/api/overview', '/api/traces', '/api/logs', '/api/faults', '/api/traffic']) {
      expect(await shown.raw('GET', path)).toMatchObject({ status: 401, body: { code: 'no_session' } });
    }
  });

  test.each([
    'evil.example',
    'evil.example:7073',
    '127.0.0.1.evil.example',
    '169.254.169.254',
    '10.0.0.1',
    '',
  ])('a name server that sends %j here gets nowhere', async (host) => {
    expect(await shown.call('GET', '/api/overview', { headers: { host } })).toMatchObject({
      status: 403,
      body: { code: 'wrong_host' },
    });
  });

  test.each(['localhost', '127.0.0.1:8080', '[::1]:7073'])('%s is this machine', async (host) => {
    expect((await shown.raw('GET', '/page/base.css', { headers: { host } })).status).toBe(200);
  });

  test.each([
    ['a page of another site', { origin: 'https://evil.example' }],
    ['a page of another port', { origin: 'http://127.0.0.1:1' }],
    ['a page without an origin', { origin: 'null' }],
    ['an image of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    [
      'a frame of another site',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ],
    ['a script of another port', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }],
  ])('%s can do nothing, not even with the session of the user', async (_who, headers) => {
    for (const [method, path] of [
      ['PUT', '/api/faults'],
      ['PUT', '/api/network/postgres'],
      ['DELETE', '/api/faults'],
      ['PUT', '/api/traffic'],
      ['POST', '/api/traffic/burst'],
      ['POST', '/v1/traces'],
      ['GET', '/api/overview'],
    ] as const) {
      const answer = await shown.call(method, path, { headers, ...(method !== 'GET' && { body: {} }) });
      expect(answer).toMatchObject({ status: 403, body: { code: 'wrong_origin' } });
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test('a link on another site may lead here', async () => {
    const headers = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    expect((await shown.call('GET', '/traces', { headers })).status).toBe(200);
  });

  test('its own page may do what it is for', async () => {
    const headers = { origin: shown.url, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' };
    expect((await shown.call('POST', '/api/find', { headers, body: { text: 'x' } })).status).toBe(200);
  });

  test('every answer keeps browsers from running what is not of the page', async () => {
    for (const path of ['/', '/page/main.ts', '/api/overview', '/api/nothing']) {
      const { headers } = await shown.call('GET', path);
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; script-src 'self';.*require-trusted-types-for 'script'/,
      );
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['referrer-policy']).toBe('no-referrer');
    }
  });

  test('the key of the API never leaves the server', async () => {
    const targets = {
      apiUrl: 'http://127.0.0.1:1',
      apiKey: 'a-secret-key',
      metricsUrl: 'http://127.0.0.1:1/metrics',
    };
    await using running = await startTestConsole({ targets });
    for (const path of ['/', '/api/overview', '/api/traffic', '/api/faults', '/api/orders/o-1']) {
      expect((await running.call('GET', path)).text).not.toContain('a-secret-key');
    }
  });
});

describe('the page', () => {
  test('is under a megabyte, all of it its own', async () => {
    const names = [...(await shown.call('GET', '/')).text.matchAll(/\/page\/([\w.-]+)/g)].map(
      ([, name = '']) => name,
    );
    const known = new Set<string>();
    let size = 0;
    for (const queue = [...names]; queue.length > 0; ) {
      const name = queue.shift() ?? '';
      if (known.has(name)) continue;
      known.add(name);
      const { status, text } = await shown.raw('GET', `/page/${name}`);
      expect({ name, status }).toEqual({ name, status: 200 });
      size += Buffer.byteLength(text);
      for (const [, imported = ''] of text.matchAll(/from '(?:\.\/)?([^']+)'/g)) queue.push(imported);
    }
    expect(known).toContain('uplot.js');
    expect(size).toBeLessThan(1_000_000);
  });

  test('is found under each of its addresses, and nothing else is', async () => {
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
      '/page/tsconfig.json',
      '/page/band.test.ts',
    ]) {
      expect(await shown.call('GET', path)).toMatchObject({ status: 404 });
    }
  });

  test('finds a trace by whatever has its id in it', async () => {
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
    expect(await found('f'.repeat(32))).toMatchObject({ kind: 'nothing', reason: /not here/ });
    expect(await found('POST /orders')).toMatchObject({ kind: 'nothing' });
  });
});

test('nothing of all this was unforeseen', () => {
  expect(shown.defects).toEqual([]);
});
