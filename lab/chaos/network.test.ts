import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findToxiproxy, startToxiproxy } from './toxiproxy.ts';
import { ownNetwork, type NetworkProxy, type Network } from './network.ts';

/** Both implementations of the network must behave alike, or an experiment's result would depend on the machine. */
const toxiproxy = findToxiproxy();
const kinds: Array<[string, () => Promise<Network> | Network]> = [
  ["the simulator's proxy", ownNetwork],
  ...(toxiproxy === undefined
    ? []
    : [['Toxiproxy', () => startToxiproxy(toxiproxy)] satisfies [string, () => Promise<Network>]]),
];

describe.each(kinds)('the network by %s', (_kind, start) => {
  let stack: AsyncDisposableStack;
  let server: Server;
  let proxy: NetworkProxy;
  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    server = createServer((socket) => {
      socket.on('error', () => {});
      socket.pipe(socket);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    stack.defer(() => void server.close());
    const network = stack.use(await start());
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    proxy = await network.connect('echo', `tcp://127.0.0.1:${port}`);
  });
  afterEach(() => stack.disposeAsync());

  /** Resolves when the socket closes, with or without an error. */
  const closing = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()));

  function open(): Socket {
    const { hostname, port } = new URL(proxy.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    stack.defer(() => void socket.destroy());
    return socket;
  }

  /** Sends the text and waits for all of its echo. Milliseconds. */
  async function echo(socket: Socket, text: string): Promise<{ heard: string; took: number }> {
    const startedAt = performance.now();
    let heard = '';
    socket.write(text);
    while (heard.length < text.length) heard += String((await once(socket, 'data'))[0]);
    return { heard, took: performance.now() - startedAt };
  }

  test('the proxy passes everything through without toxics', async () => {
    expect((await echo(open(), 'hello')).heard).toBe('hello');
  });

  test('a latency toxic delays data and keeps its order', async () => {
    const socket = open();
    await echo(socket, 'x');
    await proxy.setToxics([{ type: 'latency', latency: 150, jitter: 50 }]);
    const words = Array.from({ length: 20 }, (_, index) => `word ${index};`).join('');
    const { heard, took } = await echo(socket, words);
    expect(heard).toBe(words);
    expect(took).toBeGreaterThan(90);
    await proxy.restore();
    expect((await echo(open(), 'again')).heard).toBe('again');
  });

  test('a bandwidth toxic limits the throughput', async () => {
    await proxy.setToxics([{ type: 'bandwidth', rate: 100 }]);
    const { took } = await echo(open(), 'x'.repeat(40_000));
    expect(took).toBeGreaterThan(300);
  });

  test('a timeout toxic drops all data, and after it new connections work', async () => {
    const socket = open();
    await echo(socket, 'x');
    await proxy.setToxics([{ type: 'timeout' }]);
    let heard = '';
    socket.on('data', (chunk) => {
      heard += String(chunk);
    });
    const closed = closing(socket);
    socket.write('lost');
    const another = open();
    await once(another, 'connect');
    await proxy.restore();
    await closed;
    expect(heard).toBe('');
    expect((await echo(open(), 'again')).heard).toBe('again');
  });

  test('a reset toxic resets open connections', async () => {
    const socket = open();
    await once(socket, 'connect');
    const failed = closing(socket);
    await proxy.setToxics([{ type: 'reset_peer', timeout: 0 }]);
    socket.write('x');
    await failed;
    await proxy.restore();
    expect((await echo(open(), 'again')).heard).toBe('again');
  });

  test('a slow close toxic delays the close of a connection', async () => {
    await proxy.setToxics([{ type: 'slow_close', delay: 300 }]);
    const socket = open();
    await echo(socket, 'x');
    const startedAt = performance.now();
    const closed = closing(socket);
    socket.end();
    await closed;
    expect(performance.now() - startedAt).toBeGreaterThan(200);
  });

  test('a cut proxy closes its connections and refuses new ones', async () => {
    const socket = open();
    await echo(socket, 'x');
    const closed = closing(socket);
    await proxy.cut();
    await closed;
    const { hostname, port } = new URL(proxy.url);
    const refused = connect(Number(port), hostname);
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    await proxy.restore();
    expect((await echo(open(), 'again')).heard).toBe('again');
  });
});
