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
  ])('the address of a client is read from `x-forwarded-for: %s`', async (value, ip) => {
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
  ])('the address of a client is read from `forwarded: %s`', async (value, ip) => {
    expect(await clientOf('forwarded', { forwarded: value })).toMatchObject({ ip });
  });

  test('the address of a client is not read from the header that the proxies do not write', async () => {
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

  test.each<[string, (length: number) => string]>([
    ['strings that begin', (length) => 'for="'.repeat(length / 5)],
    ['empty elements', (length) => ','.repeat(length)],
    ['parameters', (length) => 'a=b;'.repeat(length / 4)],
    ['escapes without an end', (length) => `for="${'\\'.repeat(length)}`],
    ['strings that begin and escapes', (length) => '"\\'.repeat(length / 2)],
  ])('the address of a client is found in linear time among %s', async (_what, hostile) => {
    const read = (length: number) => clientOf('forwarded', { forwarded: hostile(length) });
    await cpuTimeOf(() => read(2000));
    await cpuTimeOf(() => read(16_000));
    // An eighth of the length, eight times: the same if the time is linear, an eighth of it if it is quadratic.
    const short = await cpuTimeOf(async () => {
      for (let time = 0; time < 8; time += 1) await read(2000);
    });
    expect(await cpuTimeOf(() => read(16_000))).toBeLessThan(4 * short + grain);
  });
});

/** Microseconds: far below what a quadratic parser takes for the longest header, and above what a clock may be wrong by. */
const grain = 50_000;

/**
 * The CPU time of this thread for many runs, in microseconds, which other programs on the machine do not change. Where the
 * kernel counts it in ticks, a single run may count as nothing.
 */
async function cpuTimeOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.threadCpuUsage();
  for (let run = 0; run < 10; run += 1) await work();
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}
