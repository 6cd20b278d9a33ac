import fastify from 'fastify';
import { describe, expect, test } from 'vitest';
import { addressIn, type ProxyHeader, readForwarded } from './forwarded.ts';

describe('the node identifier', () => {
  // RFC 7239, section 6, and what proxies write into x-forwarded-for.
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:51544', '203.0.113.7'],
    [' 203.0.113.7:51544 ', '203.0.113.7'],
    ['2001:db8:cafe::17', '2001:db8:cafe::17'],
    ['[2001:db8:cafe::17]', '2001:db8:cafe::17'],
    ['[2001:db8:cafe::17]:4711', '2001:db8:cafe::17'],
    ['"[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['2001:db8::1:443', '2001:db8::1:443'],
    ['::ffff:203.0.113.7', '::ffff:203.0.113.7'],
    ['unknown', 'unknown'],
    ['_gazonk', '_gazonk'],
    ['unknown:80', 'unknown:80'],
    ['[nonsense]:80', '[nonsense]:80'],
    ['203.0.113.7:80:80', '203.0.113.7:80:80'],
    ['', ''],
  ])('%j stands for the address %j', (node, address) => {
    expect(addressIn(node)).toBe(address);
  });
});

/** The address and scheme of a client behind one trusted proxy. */
async function clientOf(header: ProxyHeader, headers: Record<string, string>) {
  const app = fastify({ trustProxy: '127.0.0.1' });
  readForwarded(app, header);
  app.get('/', ({ ip, protocol }) => ({ ip, protocol }));
  return (await app.inject({ url: '/', headers, remoteAddress: '127.0.0.1' })).json<{
    ip: string;
    protocol: string;
  }>();
}

describe('the address of a client', () => {
  test.each([
    ['198.51.100.1, 203.0.113.7:51544', '203.0.113.7'],
    ['203.0.113.7:51544, 127.0.0.1:80', '203.0.113.7'],
    ['"[2001:db8::1]:443"', '2001:db8::1'],
  ])('is read from `x-forwarded-for: %s`', async (value, ip) => {
    expect(await clientOf('x-forwarded-for', { 'x-forwarded-for': value })).toMatchObject({ ip });
  });

  test.each([
    ['for=203.0.113.7', '203.0.113.7'],
    ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['for=203.0.113.7;proto=http;by=198.51.100.17', '203.0.113.7'],
    ['by=198.51.100.17;for="203.0.113.7:80"', '203.0.113.7'],
    ['for=192.0.2.43, for=203.0.113.7', '203.0.113.7'],
    ['for=203.0.113.7, for=127.0.0.1', '203.0.113.7'],
    ['for=203.0.113.7;by="a, for=198.51.100.1"', '203.0.113.7'],
    ['for="_hidden"', '_hidden'],
    ['by=198.51.100.17', 'unknown'],
    ['', '127.0.0.1'],
    // What a client sent before the proxy added its own element.
    ['for="198.51.100.1, for=203.0.113.7', '203.0.113.7'],
    ['for="\\", for=203.0.113.7', '203.0.113.7'],
    ['for=198.51.100.1;"x, for="[2001:db8::1]"', '2001:db8::1'],
    ['for=203.0.113.7 junk', 'unknown'],
  ])('is read from `forwarded: %s`', async (value, ip) => {
    expect(await clientOf('forwarded', { forwarded: value })).toMatchObject({ ip });
  });

  test('is not read from the header that the proxies do not write', async () => {
    const both = {
      forwarded: 'for=203.0.113.7;proto=https',
      'x-forwarded-for': '198.51.100.1',
      'x-forwarded-proto': 'http',
    };
    expect(await clientOf('forwarded', both)).toEqual({ ip: '203.0.113.7', protocol: 'https' });
    expect(await clientOf('x-forwarded-for', both)).toEqual({ ip: '198.51.100.1', protocol: 'http' });
    const { forwarded: _, ...onlyOther } = both;
    expect(await clientOf('forwarded', onlyOther)).toEqual({ ip: '127.0.0.1', protocol: 'http' });
  });

  test('is found in linear time', async () => {
    const started = performance.now();
    for (const hostile of [
      'for="'.repeat(3000),
      ','.repeat(15_000),
      'a=b;'.repeat(4000),
      `for="${'\\'.repeat(15_000)}`,
      '"\\'.repeat(7000),
    ])
      await clientOf('forwarded', { forwarded: hostile });
    expect(performance.now() - started).toBeLessThan(3000);
  });
});
