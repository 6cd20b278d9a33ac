import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import fastify from 'fastify';
import { afterEach, expect, test } from 'vitest';
import type { Admission } from '../../admission/admission.ts';
import { answerInTurn } from '../hardening/turns.ts';
import { refuseEarly } from './early-refusal.ts';
import type { Proxies } from './trusted-callers.ts';
import { refuseUnparsed } from './unparsed-refusal.ts';

const close: Array<() => unknown> = [];
afterEach(() => close.splice(0).forEach((each) => each()));

/** A server that sheds every list, and one client connection to it. */
async function overloaded({
  busy = false,
  trustProxy = false,
  proxyHeader = 'x-forwarded-for',
}: Partial<Proxies> & { busy?: boolean }) {
  const server = createServer((_request, response) => response.end('routed'));
  const admission = { wouldShed: () => 'queue_full', busy: () => busy } as unknown as Admission;
  const early = refuseEarly(server, {
    admission,
    events: { shed() {}, shedEarly: () => true },
    bodyLimit: 1000,
    proxies: { trustProxy, proxyHeader },
    requestIdOf: () => 'the-id',
    draining: () => false,
  });
  const app = fastify();
  early.cover(app);
  app.get('/lists', () => '');
  app.get('/lists/:id/entries', () => '');
  refuseUnparsed(server, answerInTurn(server), early);
  let socket: Socket | undefined;
  server.on('connection', (opened: Socket) => (socket = opened));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  close.push(
    () => agent.destroy(),
    () => server.close(),
  );
  return async (path = '/lists', headers = {}) => {
    const sent = request({ agent, host: '127.0.0.1', port, path, headers }).end();
    const [response] = await once(sent, 'response');
    const listeners = socket?.listenerCount('close') ?? 0;
    return { status: response.statusCode, headers: response.headers, listeners, body: await text(response) };
  };
}

test('a request that is not clearly of a covered route, or has to be read with care, is left to the router', async () => {
  const get = await overloaded({ busy: false });
  for (const path of ['/lists', '/lists?page=2', '/lists/42/entries']) {
    expect([path, (await get(path)).status]).toEqual([path, 429]);
  }
  for (const path of ['/lists/', '/Lists', '/lists/42', '/lists/4/2/entries', '/other']) {
    expect([path, (await get(path)).body]).toEqual([path, 'routed']);
  }
  expect((await get('/lists', { 'content-length': '1001' })).body).toBe('routed');
});

test('a client that keeps sending although it is refused is not read for a second while processor time is short, and closed in the end', async () => {
  const get = await overloaded({ busy: true });
  const startedAt = performance.now();
  let answer = await get();
  const listeners = [answer.listeners];
  let asked = 1;
  for (; answer.headers.connection !== 'close'; asked += 1) {
    answer = await get();
    listeners.push(answer.listeners);
  }
  // Each pause takes back what it has attached: a warning of Node would be a line that is no JSON.
  expect(listeners.at(-2)).toBe(listeners[0]);
  expect(answer.status).toBe(429);
  expect(asked).toBe(80);
  expect(performance.now() - startedAt).toBeGreaterThan(2900);
});

test('a client that keeps sending is answered at once while there is processor time, and so is a proxy', async () => {
  for (const get of [
    await overloaded({ busy: false }),
    await overloaded({ busy: true, trustProxy: ['127.0.0.1'] }),
  ]) {
    for (let asked = 0; asked < 100; asked += 1) {
      expect((await get()).headers.connection).toBe('keep-alive');
    }
  }
});

const xForwarded = 'x-forwarded-for';
test.each<
  [header: Proxies['proxyHeader'], proxy: string, headers: Record<string, string>, isOverTls: boolean]
>([
  [xForwarded, '127.0.0.1', { 'x-forwarded-proto': 'https' }, true],
  [xForwarded, '127.0.0.1', { 'x-forwarded-proto': 'https, https' }, true],
  [xForwarded, '127.0.0.1', { 'x-forwarded-proto': 'https, http' }, false],
  [xForwarded, '127.0.0.1', { forwarded: 'proto=https' }, false],
  [xForwarded, '10.0.0.1', { 'x-forwarded-proto': 'https' }, false],
  ['forwarded', '127.0.0.1', { forwarded: 'for=1.2.3.4;proto=https' }, true],
  ['forwarded', '127.0.0.1', { forwarded: 'proto=https, proto=http' }, false],
  ['forwarded', '127.0.0.1', { 'x-forwarded-proto': 'https' }, false],
])(
  'a refusal is sent as over TLS only if a trusted proxy reports it: %s of %s, %j',
  async (proxyHeader, proxy, headers, isOverTls) => {
    const get = await overloaded({ trustProxy: [proxy], proxyHeader });
    const answer = await get('/lists', headers);
    expect(answer.status).toBe(429);
    expect('strict-transport-security' in answer.headers).toBe(isOverTls);
  },
);
