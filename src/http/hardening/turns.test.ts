import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { answerInTurn } from './turns.ts';

/** A busy machine takes its time. */
const patiently = { timeout: 30_000 };

interface Connection extends AsyncDisposable {
  socket: Socket;
  /** What the client has read so far. */
  received(): string;
}

/** Connects to a server that answers in turn. */
async function connectTo(listener: RequestListener): Promise<Connection> {
  const server = createServer(listener);
  answerInTurn(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const socket = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1');
  let received = '';
  socket.on('data', (bytes) => (received += bytes.toString()));
  socket.on('error', () => {});
  await once(socket, 'connect');
  return {
    socket,
    received: () => received,
    async [Symbol.asyncDispose]() {
      socket.destroy();
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;
const answers = (received: string) => received.split('HTTP/1.1 200 OK').length - 1;

test('a request starts when the one before it on the connection is answered', async () => {
  const started: string[] = [];
  const pending: Array<() => void> = [];
  await using connection = await connectTo((request, response) => {
    started.push(request.url ?? '');
    pending.push(() => response.end(request.url));
  });
  connection.socket.write(get('/1') + get('/2') + get('/3'));
  await vi.waitUntil(() => pending.length === 1, patiently);
  await new Promise(setImmediate);
  expect(started).toEqual(['/1']);
  pending[0]?.();
  await vi.waitUntil(() => pending.length === 2, patiently);
  expect(started).toEqual(['/1', '/2']);
  pending[1]?.();
  await vi.waitUntil(() => pending.length === 3, patiently);
  pending[2]?.();
  await expect.poll(() => answers(connection.received()), patiently).toBe(3);
  // The connection takes further requests.
  connection.socket.write(get('/4'));
  await vi.waitUntil(() => pending.length === 4, patiently);
});

test('a body that arrives in several packets is read when the turn of its request comes', async () => {
  const bodies: string[] = [];
  await using connection = await connectTo((request, response) => {
    void text(request).then((body) => {
      bodies.push(body);
      response.end();
    });
  });
  const half = 'x'.repeat(200_000);
  connection.socket.write(`${get('/')}POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 400000\r\n\r\n${half}`);
  connection.socket.write(half + get('/last'));
  await expect.poll(() => answers(connection.received()), patiently).toBe(3);
  expect(bodies.map((body) => body.length)).toEqual([0, 400_000, 0]);
});

test('no further answer is made for a client that does not read', patiently, async () => {
  let made = 0;
  let sending: Socket | undefined;
  await using connection = await connectTo((request, response) => {
    made += 1;
    sending = request.socket;
    response.end('x'.repeat(1_000_000));
  });
  connection.socket.pause();
  connection.socket.write(get('/').repeat(30));
  // The buffers of the operating system take the first few answers. What they do not take stays in the process.
  await expect.poll(() => sending?.writableLength, patiently).toBeGreaterThan(0);
  expect(sending?.writableLength).toBeLessThan(1_001_000);
  expect(made).toBeLessThan(20);
  connection.socket.resume();
  await expect.poll(() => answers(connection.received()), patiently).toBe(30);
});

test('a packet with more requests than may wait closes the connection after those before them', async () => {
  await using connection = await connectTo((_request, response) => response.end('a'));
  const closed = once(connection.socket, 'close');
  connection.socket.write(get('/').repeat(300));
  await closed;
  expect(answers(connection.received())).toBe(101);
});

test('requests after an answer that closes the connection are not started', async () => {
  const started: string[] = [];
  await using connection = await connectTo((request, response) => {
    started.push(request.url ?? '');
    response.setHeader('connection', 'close').end();
  });
  const closed = once(connection.socket, 'close');
  connection.socket.write(get('/1') + get('/2'));
  await closed;
  expect(started).toEqual(['/1']);
});
