import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../lab/simulator/server.ts';
import { createLogger } from '../../src/telemetry/logging/logger.ts';

// The network's proxies over HTTP. lab/chaos/network.test.ts covers the effect of each toxic on bytes.

let stack: AsyncDisposableStack;
let simulator: Simulator;
let echo: Server;
/** Host and port of the echo server, and of the proxy in front of it. */
let upstream: string;
let listen: string;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const logger = createLogger({ service: 'payment-gateway', level: 'silent' });
  simulator = await startSimulator({ host: '127.0.0.1', port: 0, logger });
  stack.defer(() => simulator.close());
  echo = createServer((socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  await once(echo.listen(0, '127.0.0.1'), 'listening');
  stack.defer(() => void echo.close());
  upstream = hostOf(echo);
  listen = await simulator.network.connect('echo', `tcp://${upstream}`);
});
afterEach(() => stack.disposeAsync());

function hostOf(server: Server): string {
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

async function call(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(simulator.url + path, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });
  return { status: response.status, body: await response.json() };
}

function open(host = listen): Socket {
  const socket = connect(Number(host.split(':')[1]), '127.0.0.1');
  stack.defer(() => void socket.destroy());
  return socket.on('error', () => {});
}

test.each(['/network', '/wires'])('GET, PUT and DELETE %s list, set and restore a proxy', async (path) => {
  expect(await call('GET', path)).toEqual({
    status: 200,
    body: { echo: { enabled: true, toxics: [], listen, upstream } },
  });
  const toxics = [
    { type: 'latency', latency: 30, jitter: 10 },
    { type: 'bandwidth', rate: 100 },
  ];
  expect(await call('PUT', `${path}/echo`, { toxics })).toEqual({
    status: 200,
    body: { enabled: true, toxics, listen, upstream },
  });
  expect(await call('PUT', `${path}/echo`, { enabled: false })).toMatchObject({
    body: { enabled: false, toxics: [] },
  });
  expect(await call('DELETE', path)).toMatchObject({ body: { echo: { enabled: true, toxics: [] } } });
});

test('network faults are exposed to Prometheus', async () => {
  const metrics = async () => (await fetch(`${simulator.url}/metrics`)).text();
  expect(await metrics()).not.toContain('simulator_wire_fault_active{');
  await call('PUT', '/network/echo', { enabled: false, toxics: [{ type: 'timeout' }] });
  expect((await metrics()).match(/^simulator_wire_fault_active.*$/gm)).toEqual([
    'simulator_wire_fault_active{wire="echo",fault="cut"} 1',
    'simulator_wire_fault_active{wire="echo",fault="timeout"} 1',
  ]);
});

test.each([
  [{ toxics: [{ type: 'latncy' }] }, '/toxics/0', /must be a toxic, whose type is one of latency, /],
  [{ toxics: [{ type: 'latency', latency: -1, jitter: 0 }] }, '/toxics/0/latency', /from 0 to 60000$/],
  [{ toxics: [{ type: 'timeout', timeout: 0 }] }, '/toxics/0/timeout', /^is not known$/],
  [{ toxics: [{ type: 'reset_peer' }] }, '/toxics/0/timeout', /^is missing$/],
  [{ enabled: 'no' }, '/enabled', /^must be true or false$/],
  [{ toxic: [] }, '/toxic', /^is not known$/],
])('%j is refused with a pointer to the fault alone', async (settings, pointer, detail) => {
  const { status, body } = await call('PUT', '/network/echo', settings);
  expect(status).toBe(400);
  expect(body).toMatchObject({
    code: 'invalid_request',
    errors: [{ pointer, detail: expect.stringMatching(detail) as string }],
  });
  expect((body as { errors: unknown[] }).errors).toHaveLength(1);
  expect(await call('GET', '/network')).toMatchObject({ body: { echo: { enabled: true, toxics: [] } } });
});

test.each(['/network', '/wires'])('PUT %s/nowhere answers proxy_not_found', async (path) => {
  expect(await call('PUT', `${path}/nowhere`, {})).toMatchObject({
    status: 404,
    body: { code: 'proxy_not_found' },
  });
});

test('of two proxies, the one whose port another process has stays cut and is named, and the other is restored', async () => {
  const other = await simulator.network.connect('other', `tcp://${upstream}`);
  for (const name of ['echo', 'other']) await call('PUT', `/network/${name}`, { enabled: false });
  const thief = createServer();
  await once(thief.listen(Number(listen.split(':')[1]), '127.0.0.1'), 'listening');
  stack.defer(() => void thief.close());
  expect(await call('DELETE', '/network')).toMatchObject({
    status: 409,
    body: {
      code: 'port_taken',
      detail: expect.stringMatching(/^Cut until its port is free: echo\./) as string,
    },
  });
  expect(await call('GET', '/network')).toMatchObject({
    body: { echo: { enabled: false }, other: { enabled: true } },
  });
  await once(open(other), 'connect');
});

test('restoring a proxy answers port_taken while another process has its port', async () => {
  await call('PUT', '/network/echo', { enabled: false });
  const thief = createServer();
  await once(thief.listen(Number(listen.split(':')[1]), '127.0.0.1'), 'listening');
  expect(await call('DELETE', '/network')).toMatchObject({ status: 409, body: { code: 'port_taken' } });
  thief.close();
  await once(thief, 'close');
  expect(await call('DELETE', '/network')).toMatchObject({ status: 200 });
  await once(open(), 'connect');
});

test('a proxy delivers more than its buffer holds, complete, to a reader that starts late', async () => {
  const sent = randomBytes(8_000_000);
  const socket = open();
  socket.write(sent);
  await once(socket, 'readable');
  const received: Buffer[] = [];
  let length = 0;
  for await (const chunk of socket) {
    received.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length === sent.length) break;
  }
  expect(Buffer.concat(received).equals(sent)).toBe(true);
});

test('delayed bytes arrive at once when the proxy is restored', async () => {
  const socket = open();
  await once(socket, 'connect');
  await call('PUT', '/network/echo', { toxics: [{ type: 'latency', latency: 60_000, jitter: 0 }] });
  const answer = once(socket, 'data');
  socket.write('late');
  // The echo has sent its answer once a later one, over a direct connection, is back.
  const direct = open(upstream);
  direct.write('x');
  await once(direct, 'data');
  await call('DELETE', '/network');
  expect(String((await answer)[0])).toBe('late');
});

test('a proxy resets a client while its upstream is down and keeps running', async () => {
  echo.close();
  const refused = connect(Number(listen.split(':')[1]), '127.0.0.1');
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
  expect(await call('GET', '/network')).toMatchObject({ status: 200 });
});

test('closing the simulator closes every connection through its proxies', async () => {
  const sockets = [open(), open()];
  for (const socket of sockets) await once(socket, 'connect');
  await call('PUT', '/network/echo', { toxics: [{ type: 'timeout' }] });
  const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
  await simulator.close();
  await closed;
  const refused = connect(Number(listen.split(':')[1]), '127.0.0.1');
  expect(await once(refused, 'error')).toMatchObject([{ code: 'ECONNREFUSED' }]);
});
