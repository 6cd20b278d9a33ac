import dns from 'node:dns';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import fastify from 'fastify';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { listen, unusableAddress } from './listen.ts';

// Most systems have both addresses of this name, and some only the first.
const addresses = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];
beforeEach(() => {
  const real = dns.lookup;
  const lookup = (name: string, options: dns.LookupOptions, done: (...results: unknown[]) => void) => {
    if (name === 'localhost') done(null, addresses);
    else real(name, options, done);
  };
  vi.spyOn(dns, 'lookup').mockImplementation(lookup as unknown as typeof dns.lookup);
});
afterEach(() => vi.restoreAllMocks());

/** Whether a client that connects to the address gets a connection that stays. */
async function isServed(host: string, port: number, opened: Socket[]): Promise<boolean> {
  const socket = connect({ host, port });
  opened.push(socket);
  const ended = once(socket, 'close').then(
    () => false,
    () => false,
  );
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const served = once(socket, 'data').then(
    () => true,
    () => false,
  );
  return Promise.race([served, ended]);
}

test('a listener on localhost has one limit on its connections, whatever address they go to', async () => {
  const app = fastify({ forceCloseConnections: true });
  app.get('/', () => 'here');
  app.server.maxConnections = 1;
  const opened: Socket[] = [];
  try {
    const { port } = new URL(await listen(app, { host: 'localhost', port: 0 }, 'PORT'));
    const served = [];
    for (const address of ['127.0.0.1', '127.0.0.1', '::1', '::1'])
      served.push(await isServed(address, Number(port), opened));
    expect(served).toEqual([true, false, false, false]);
  } finally {
    for (const socket of opened) socket.destroy();
    await app.close();
  }
});

test.each([
  ['EINVAL', 'fe80::1', 'The address fe80::1 cannot be listened on.'],
  ['EAFNOSUPPORT', '::1', 'This machine does not speak the version of IP of the address ::1.'],
  ['EAI_AGAIN', 'api.internal', 'The host name api.internal cannot be looked up: no name server answers.'],
])('an address that cannot be used for the reason %s is reported in a line: %s', (code, host, line) => {
  const error = Object.assign(new Error(`listen ${code}`), { code });
  expect(unusableAddress(error, { host, port: 7070 }, 'PORT')).toContain(line);
});
