import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../lab/simulator/server.ts';
import { createLogger } from '../../src/telemetry/logging/logger.ts';

// Wires as whoever breaks them sees them: over HTTP. What a toxic does to bytes is in chaos-network.test.ts.

let stack: AsyncDisposableStack;
let simulator: Simulator;
let echo: Server;
/** Where the wire leads, and where it begins. */
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

test('a wire is seen, set, and restored', async () => {
  expect(await call('GET', '/wires')).toEqual({
    status: 200,
    body: { echo: { enabled: true, toxics: [], listen, upstream } },
  });
  const toxics = [
    { type: 'latency', latency: 30, jitter: 10 },
    { type: 'bandwidth', rate: 100 },
  ];
  expect(await call('PUT', '/wires/echo', { toxics })).toEqual({
    status: 200,
    body: { enabled: true, toxics, listen, upstream },
  });
  expect(await call('PUT', '/wires/echo', { enabled: false })).toMatchObject({
    body: { enabled: false, toxics: [] },
  });
  expect(await call('DELETE', '/wires')).toMatchObject({ body: { echo: { enabled: true, toxics: [] } } });
});

test('what is set is told to Prometheus', async () => {
  const metrics = async () => (await fetch(`${simulator.url}/metrics`)).text();
  expect(await metrics()).not.toContain('simulator_wire_fault_active{');
  await call('PUT', '/wires/echo', { enabled: false, toxics: [{ type: 'timeout' }] });
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
])('%j is refused, with the place and no other', async (settings, pointer, detail) => {
  const { status, body } = await call('PUT', '/wires/echo', settings);
  expect(status).toBe(400);
  expect(body).toMatchObject({
    code: 'invalid_request',
    errors: [{ pointer, detail: expect.stringMatching(detail) as string }],
  });
  expect((body as { errors: unknown[] }).errors).toHaveLength(1);
  expect(await call('GET', '/wires')).toMatchObject({ body: { echo: { enabled: true, toxics: [] } } });
});

test('a wire that does not exist is not found', async () => {
  expect(await call('PUT', '/wires/nowhere', {})).toMatchObject({
    status: 404,
    body: { code: 'wire_not_found' },
  });
});

test('a wire whose port somebody took while it was cut says so, and works again when it is free', async () => {
  await call('PUT', '/wires/echo', { enabled: false });
  const thief = createServer();
  await once(thief.listen(Number(listen.split(':')[1]), '127.0.0.1'), 'listening');
  expect(await call('DELETE', '/wires')).toMatchObject({ status: 409, body: { code: 'port_taken' } });
  thief.close();
  await once(thief, 'close');
  expect(await call('DELETE', '/wires')).toMatchObject({ status: 200 });
  await once(open(), 'connect');
});

test('more than fits into memory at once arrives whole, also at a reader who is slow to begin', async () => {
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

test('what is late arrives at once when the wire is restored', async () => {
  const socket = open();
  await once(socket, 'connect');
  await call('PUT', '/wires/echo', { toxics: [{ type: 'latency', latency: 60_000, jitter: 0 }] });
  const answer = once(socket, 'data');
  socket.write('late');
  // It is on its way once another, through the same upstream, would have been back.
  const direct = open(upstream);
  direct.write('x');
  await once(direct, 'data');
  await call('DELETE', '/wires');
  expect(String((await answer)[0])).toBe('late');
});

test('whoever connects while nobody is behind the wire is reset, and the wire goes on', async () => {
  echo.close();
  const refused = connect(Number(listen.split(':')[1]), '127.0.0.1');
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
  expect(await call('GET', '/wires')).toMatchObject({ status: 200 });
});

test('all that is connected ends with the simulator', async () => {
  const sockets = [open(), open()];
  for (const socket of sockets) await once(socket, 'connect');
  await call('PUT', '/wires/echo', { toxics: [{ type: 'timeout' }] });
  const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
  await simulator.close();
  await closed;
  const refused = connect(Number(listen.split(':')[1]), '127.0.0.1');
  expect(await once(refused, 'error')).toMatchObject([{ code: 'ECONNREFUSED' }]);
});
