import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Secret } from '../config/environment.ts';
import { type ConnectionOptions, isConnectError, openConnections } from './connections.ts';

// Certificates and HTTP/2 are covered by test/resilience/gateway-over-tls.test.ts, and a proxy that works by
// test/resilience/outgoing-proxy.test.ts.

const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Begins to listen, and returns the address without a scheme. */
async function addressOf(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that accepts connections and says nothing. */
function silentServer() {
  const heard: string[] = [];
  const server = createServer((socket) => {
    closers.push(() => socket.destroy());
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => heard.push(chunk.toString('latin1')));
  });
  return { server, heard };
}

function connectionsTo(origin: string, options: Partial<ConnectionOptions> = {}) {
  const dispatcher = openConnections(origin, {
    connections: 1,
    connectTimeout: 100,
    longestResponse: 1000,
    ...options,
  });
  closers.push(() => dispatcher.destroy());
  return { request: () => dispatcher.request({ origin, method: 'POST', path: '/charges' }) };
}

/** Milliseconds: far above the limits here, and far below undici's own. */
const soon = 8000;

test('a TLS handshake without an answer ends at the connect timeout, and nothing was sent', async () => {
  const { server } = silentServer();
  const { request } = connectionsTo(`https://${await addressOf(server)}`);
  const startedAt = performance.now();
  const error = await request().catch((thrown: unknown) => thrown);
  expect(isConnectError(error)).toBe(true);
  expect(performance.now() - startedAt).toBeLessThan(soon);
});

test('a proxy without an answer is asked for the gateway, and given up at the connect timeout', async () => {
  const { server, heard } = silentServer();
  const url = new Secret(`http://user:pass@${await addressOf(server)}`);
  const { request } = connectionsTo('https://gateway.example', { proxy: { url, except: '' } });
  const startedAt = performance.now();
  const error = await request().catch((thrown: unknown) => thrown);
  expect(isConnectError(error)).toBe(true);
  expect(performance.now() - startedAt).toBeLessThan(soon);
  expect(heard.join('')).toMatch(/^CONNECT gateway\.example:443 HTTP\/1\.1\r\n/);
});

test('a request goes past the proxy to a gateway that needs none, and is not taken for one that was not sent', async () => {
  const { server: proxy, heard } = silentServer();
  const url = new Secret(`http://${await addressOf(proxy)}`);
  const gateway = createHttpServer((_request, response) => response.end('fine'));
  const { request } = connectionsTo(`http://${await addressOf(gateway)}`, {
    proxy: { url, except: '127.0.0.1' },
  });
  const { body } = await request();
  expect(await body.text()).toBe('fine');
  expect(heard).toEqual([]);
});

test('an error of an established connection, or none at all, is no connect error', async () => {
  const gateway = createServer((socket) => socket.once('data', () => socket.destroy()));
  const { request } = connectionsTo(`http://${await addressOf(gateway)}`);
  expect(isConnectError(await request().catch((thrown: unknown) => thrown))).toBe(false);
  expect(isConnectError(undefined)).toBe(false);
});
