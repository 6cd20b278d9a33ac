import { connect } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { quietWorker } from '../support/clients/settings.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';

let service: SpawnedService;
beforeAll(async () => {
  service = await spawnService(quietWorker);
  return () => service.close();
});

const onEveryAnswer = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const withKey = { authorization: 'Bearer shop-key' };
const send = (method: string, path: string, init: RequestInit = {}) =>
  fetch(`${service.url}${path}`, { method, headers: withKey, ...init });

function securityOf(headers: Headers): Record<string, string | null> {
  return Object.fromEntries(Object.keys(onEveryAnswer).map((name) => [name, headers.get(name)]));
}

/** Sends text that no HTTP client would, and returns the headers of the answer. */
async function sendRaw(text: string): Promise<Headers> {
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  socket.write(text, 'latin1');
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  const [, ...fields] = (answer.split('\r\n\r\n')[0] ?? '').split('\r\n');
  return new Headers(fields.map((field) => field.split(': ') as [string, string]));
}

describe('security headers', () => {
  test.each<[what: string, answer: () => Promise<Headers>]>([
    ['a placed order', async () => (await service.api.place()).headers],
    ['a list', async () => (await send('GET', '/orders')).headers],
    ['a request without a key', async () => (await send('GET', '/orders', { headers: {} })).headers],
    ['an unknown path', async () => (await send('GET', '/nowhere')).headers],
    ['an unknown method', async () => (await send('DELETE', '/orders')).headers],
    ['an invalid order', async () => (await service.api.place('{}')).headers],
    ['a path that cannot be decoded', async () => (await send('GET', '/orders/%E0%A4%A')).headers],
    ['headers that are too large', async () => sendRaw(`GET / HTTP/1.1\r\nx: ${'x'.repeat(40_000)}\r\n\r\n`)],
    ['text that is not HTTP', async () => sendRaw('what is this\r\n\r\n')],
    ['the OpenAPI document', async () => (await send('GET', '/openapi.json')).headers],
    ['a scrape', async () => (await fetch(`${service.adminUrl}/metrics`)).headers],
    ['an unknown path of the admin listener', async () => (await fetch(`${service.adminUrl}/no`)).headers],
    ['a path there that cannot be decoded', async () => (await fetch(`${service.adminUrl}/%zz`)).headers],
  ])('security headers are on the answer to %s', async (_what, answer) => {
    expect(securityOf(await answer())).toEqual(onEveryAnswer);
  });

  test('security headers are on a 500, which reveals nothing of the error', async () => {
    await using broken = await spawnService(quietWorker);
    await broken.database.sql('ALTER TABLE orders RENAME COLUMN customer_id TO elsewhere');
    const answer = await broken.api.refused('GET', '/orders');
    expect(answer.status).toBe(500);
    expect(securityOf(answer.headers)).toEqual(onEveryAnswer);
    expect(JSON.stringify(answer.body)).not.toMatch(/elsewhere|relation|SELECT|node_modules|\.ts\b| at /);
  });
});

test('no answer names the server software', async () => {
  for (const path of ['/orders', '/nowhere', '/docs', '/openapi.json']) {
    const { headers } = await send('GET', path);
    expect([path, headers.get('x-powered-by'), headers.get('server')]).toEqual([path, null, null]);
  }
});

test('the reference page may load its own files only and may not be framed', async () => {
  const page = await send('GET', '/docs');
  const policy = Object.fromEntries(
    (page.headers.get('content-security-policy') ?? '').split(';').map((directive) => {
      const [name = '', ...sources] = directive.trim().split(' ');
      return [name, sources];
    }),
  );
  expect(policy).toMatchObject({
    'default-src': ["'none'"],
    'style-src': ["'self'"],
    'frame-ancestors': ["'none'"],
  });
  expect(policy).not.toHaveProperty('script-src');
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  expect(page.headers.get('x-frame-options')).toBe('DENY');
  expect(await page.text()).not.toMatch(/<script|<style| style="| on\w+="/);
});

describe('strict-transport-security', () => {
  const ask = async (env: Record<string, string>, headers: Record<string, string> = {}) => {
    await using behind = await spawnService({ ...quietWorker, ...env });
    const answers = await Promise.all(
      ['/orders', '/orders/%zz'].map((path) =>
        fetch(`${behind.url}${path}`, { headers: { ...withKey, ...headers } }),
      ),
    );
    return answers.map((answer) => answer.headers.get('strict-transport-security'));
  };

  test('strict-transport-security is sent when a trusted proxy reports TLS', async () => {
    expect(await ask({ TRUST_PROXY: '127.0.0.1' }, { 'x-forwarded-proto': 'https' })).toEqual([
      'max-age=31536000',
      'max-age=31536000',
    ]);
  });

  test('strict-transport-security is not sent without TLS, nor when an untrusted peer reports it', async () => {
    expect(await ask({ TRUST_PROXY: '127.0.0.1' }, { 'x-forwarded-proto': 'http' })).toEqual([null, null]);
    expect(await ask({}, { 'x-forwarded-proto': 'https' })).toEqual([null, null]);
  });
});
