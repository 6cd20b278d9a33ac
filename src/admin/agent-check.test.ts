import dns from 'node:dns';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test, vi } from 'vitest';
import { startAgentCheck } from './agent-check.ts';

afterEach(() => vi.restoreAllMocks());

const parts = { draining: () => false, ready: async () => true, limit: () => undefined };

async function occupy() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

test('a taken AGENT_PORT is reported without the advice of 0, which it refuses', async () => {
  const { server, port } = await occupy();
  await expect(startAgentCheck({ host: '127.0.0.1', port }, parts)).rejects.toThrow(
    `Port ${port} on 127.0.0.1 is taken. Set AGENT_PORT to another one.`,
  );
  server.close();
});

test('on localhost, the agent check has the address of the admin listener, whichever the system puts first', async () => {
  const { server, port } = await occupy();
  server.close();
  await once(server, 'close');
  // A system that puts another address of the name first.
  const real = dns.lookup;
  const lookup = (name: string, options: dns.LookupOptions, done: (...results: unknown[]) => void) => {
    if (name === 'localhost') done(null, [{ address: '127.0.0.2', family: 4 }]);
    else real(name, options, done);
  };
  vi.spyOn(dns, 'lookup').mockImplementation(lookup as unknown as typeof dns.lookup);
  const agent = await startAgentCheck({ host: 'localhost', port }, parts);
  try {
    expect(await text(connect(port, '127.0.0.1'))).toBe('ready up\n');
  } finally {
    await agent.close();
  }
});
