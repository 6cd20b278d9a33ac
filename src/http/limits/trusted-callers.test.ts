import type { IncomingMessage } from 'node:http';
import fastify from 'fastify';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readForwarded } from './forwarded.ts';
import { createCallerTrust, reportedAddress } from './trusted-callers.ts';

const requestOf = (remoteAddress: string, headers: Record<string, string> = {}) =>
  ({ headers, socket: { remoteAddress } }) as unknown as IncomingMessage;
const direct = { trustProxy: false, proxyHeader: 'x-forwarded-for' } as const;

test.each([
  ['all', '203.0.113.7', true],
  [[], '127.0.0.1', false],
  [['127.0.0.0/8', '::1'], '127.0.0.1', true],
  [['127.0.0.0/8', '::1'], '::1', true],
  // Of a listener for IPv6 that takes IPv4, too.
  [['127.0.0.0/8', '::1'], '::ffff:127.0.0.1', true],
  [['10.0.0.0/8', '192.168.1.7'], '10.255.0.1', true],
  [['10.0.0.0/8', '192.168.1.7'], '192.168.1.7', true],
  [['10.0.0.0/8', '192.168.1.7'], '192.168.1.8', false],
  [['2001:db8::/32'], '2001:db8:1::1', true],
  [['2001:db8::/32'], '2001:db9::1', false],
  [['0.0.0.0/0'], 'unknown', false],
] as const)('of the trusted callers %j, the one at %s is: %s', (trustedCallers, address, expected) => {
  const trusted = typeof trustedCallers === 'string' ? trustedCallers : [...trustedCallers];
  expect(createCallerTrust({ ...direct, trustedCallers: trusted })(requestOf(address))).toBe(expected);
});

test('a client behind a trusted proxy is trusted by its own address', () => {
  const isTrusted = createCallerTrust({
    ...direct,
    trustProxy: ['10.0.0.1'],
    trustedCallers: ['10.0.0.0/8'],
  });
  const through = (client: string) => isTrusted(requestOf('10.0.0.1', { 'x-forwarded-for': client }));
  expect(through('10.0.0.9')).toBe(true);
  expect(through('203.0.113.7')).toBe(false);
  // The first address is what the client itself has sent.
  expect(through('10.0.0.9, 203.0.113.7')).toBe(false);
});

test('the address of a client is the one that Fastify finds', async () => {
  const address = fc.constantFrom(
    '10.0.0.1',
    '10.0.0.2',
    '192.168.1.7',
    '203.0.113.7',
    '2001:db8::1',
    'unknown',
    '',
  );
  const listed = fc.array(fc.oneof(address, fc.constantFrom('10.0.0.2:80', '"[2001:db8::1]:443"')), {
    maxLength: 4,
  });
  const proxies = fc.constantFrom(
    ['10.0.0.0/8'],
    ['10.0.0.1', '2001:db8::/32'],
    (_address: string, hop: number) => hop < 1,
    (_address: string, hop: number) => hop < 2,
  );
  const header = fc.constantFrom('x-forwarded-for', 'forwarded');
  await fc.assert(
    fc.asyncProperty(listed, proxies, header, async (clients, trustProxy, proxyHeader) => {
      const app = fastify({ trustProxy });
      readForwarded(app, proxyHeader);
      app.get('/', ({ ip }) => ip);
      const text =
        proxyHeader === 'forwarded'
          ? clients.map((client) => `for="${client.replaceAll('"', '')}"`).join(', ')
          : clients.join(', ');
      const headers = { [proxyHeader]: text };
      const { body } = await app.inject({ url: '/', headers, remoteAddress: '10.0.0.1' });
      expect(reportedAddress({ trustProxy, proxyHeader })(requestOf('10.0.0.1', headers))).toBe(body);
    }),
    { numRuns: 200 },
  );
});
