import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestConsole, type TestConsole } from '../support/processes/console.ts';

// The console serves this machine and the holder of its token, and no page of another site.

let shown: TestConsole;
beforeAll(async () => {
  shown = await startTestConsole();
});
afterAll(async () => {
  await shown[Symbol.asyncDispose]();
});

test('the printed address sets a session cookie, which replaces the token', async () => {
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

test('without a session, pages explain the token and API routes answer 401', async () => {
  const locked = await shown.raw('GET', '/traces');
  expect(locked).toMatchObject({ status: 401 });
  expect(locked.text).toContain('Open the console at the address that it printed');
  expect(await shown.raw('GET', '/?token=wrong')).toMatchObject({ status: 401 });
  for (const path of ['/api/overview', '/api/traces', '/api/logs', '/api/faults', '/api/traffic']) {
    expect(await shown.raw('GET', path)).toMatchObject({ status: 401, body: { code: 'no_session' } });
  }
});

test('what is posted without a session reaches no route of the API, however its address is written', async () => {
  for (const path of ['/api/find', '/%61pi/find', '/api/nothing'])
    expect(await shown.raw('POST', path, { body: { text: 'x' } })).toMatchObject({ status: 401 });
});

test.each(['//', '///x', '//?token=wrong'])(
  'without a session, %s is a locked page as well',
  async (path) => {
    const asked = get({ host: '127.0.0.1', port: new URL(shown.url).port, path });
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(401);
    expect(await textOf(answer)).toContain('Open the console at the address that it printed');
  },
);

test.each(['evil.example', 'evil.example:7073', '127.0.0.1.evil.example', '169.254.169.254', '10.0.0.1', ''])(
  'a request with the host %j is refused, against DNS rebinding',
  async (host) => {
    expect(await shown.call('GET', '/api/overview', { headers: { host } })).toMatchObject({
      status: 403,
      body: { code: 'wrong_host' },
    });
  },
);

test.each(['localhost', '127.0.0.1:8080', '[::1]:7073'])(
  'a request with the host %s is accepted',
  async (host) => {
    expect((await shown.raw('GET', '/page/icon.svg', { headers: { host } })).status).toBe(200);
  },
);

test.each([
  ['a page from another site', { origin: 'https://evil.example' }],
  ['a page from another port', { origin: 'http://127.0.0.1:1' }],
  ['a page without an origin', { origin: 'null' }],
  ['an image request from another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  [
    'a frame on another site',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
  ],
  ['a script request from another port', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }],
])('%s can do nothing, even with the session of the user', async (_who, headers) => {
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

test('a link on another site may open the page', async () => {
  const headers = {
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  };
  expect((await shown.call('GET', '/traces', { headers })).status).toBe(200);
});

test('the page itself may call the API', async () => {
  const headers = { origin: shown.url, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' };
  expect((await shown.call('POST', '/api/find', { headers, body: { text: 'x' } })).status).toBe(200);
});

test('every answer forbids scripts that are not part of the page', async () => {
  for (const path of ['/', '/page/icon.svg', '/api/overview', '/api/nothing']) {
    const { headers } = await shown.call('GET', path);
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'self';.*require-trusted-types-for 'script'/,
    );
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
  }
});

test('no answer contains the API key', async () => {
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

test('no refused request caused an unexpected error', () => {
  expect(shown.defects).toEqual([]);
});
