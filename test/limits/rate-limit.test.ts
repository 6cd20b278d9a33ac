import { describe, expect, test } from 'vitest';
import type { Answer, ProblemBody } from '../support/clients/api-client.ts';
import { quietWorker } from '../support/clients/settings.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';
import { counted } from '../support/processes/spawn-with-redis.ts';

const order = '/orders/019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11';
const limited = (max: number, window = '1h') => ({
  ...quietWorker,
  RATE_LIMIT_MAX: String(max),
  RATE_LIMIT_WINDOW: window,
});

async function times<T>(count: number, send: () => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (let request = 0; request < count; request += 1) answers.push(await send());
  return answers;
}
const statuses = (answers: ReadonlyArray<{ status: number }>) => answers.map(({ status }) => status);
const list = ({ api }: SpawnedService) => api.get<{ orders: unknown[] }>('/orders');

/** Parses the header `RateLimit`. */
function leftOf({ headers }: { headers: Headers }) {
  const [, left, seconds] = /^"client";r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit') ?? '') ?? [];
  return { left: Number(left), seconds: Number(seconds) };
}

describe('a client', () => {
  test('every answer to a client states its rate limit and the rest of it', async () => {
    await using service = await spawnService(limited(5, '10s'));
    const answers: Array<Answer<unknown>> = [
      await list(service),
      await service.api.place(),
      await service.api.refused('GET', order),
      await service.api.refused('POST', '/orders', { body: 'no order' }),
      await service.api.refused('GET', order, { headers: { 'x-request-timeout-ms': '0' } }),
    ];
    expect(statuses(answers)).toEqual([200, 201, 404, 415, 400]);
    for (const { headers } of answers) expect(headers.get('ratelimit-policy')).toBe('"client";q=5;w=10');
    expect(answers.map((answer) => leftOf(answer).left)).toEqual([4, 3, 2, 1, 0]);
    for (const { seconds } of answers.map(leftOf)) {
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(10);
    }
  });

  test('a client over its limit gets 429 with Retry-After for any request, and others are not affected', async () => {
    await using service = await spawnService(limited(3));
    expect(statuses(await times(3, () => list(service)))).toEqual([200, 200, 200]);
    const refusals: Array<Answer<ProblemBody>> = [
      await service.api.refused('GET', '/orders'),
      await service.api.refused('GET', order),
      await service.api.refused('POST', '/orders', {
        body: '{"not":"an order"}',
        headers: { 'content-type': 'application/json' },
      }),
    ];
    for (const refusal of refusals) {
      expect([refusal.status, refusal.body.code]).toEqual([429, 'rate_limited']);
      expect(refusal.body.detail).toContain('3 requests in 3600 s');
      const { left, seconds } = leftOf(refusal);
      expect(left).toBe(0);
      expect(Number(refusal.headers.get('retry-after'))).toBe(seconds);
    }
    expect((await service.otherApi.place()).status).toBe(201);
    expect(await counted(service, 'requests_shed_total', { reason: 'rate_limited' })).toBe(3);
  });

  test('a client may send again when its window has ended', async () => {
    await using service = await spawnService(limited(2, '1s'));
    const statusNow = async () => (await service.api.refused('GET', order)).status;
    await expect.poll(statusNow, { interval: 1 }).toBe(429);
    await expect.poll(statusNow).toBe(404);
  });

  test('a client without a limit gets no rate limit headers', async () => {
    await using service = await spawnService({ ...quietWorker, RATE_LIMIT_MAX: '0' });
    const answers = await times(20, () => list(service));
    expect(new Set(statuses(answers))).toEqual(new Set([200]));
    expect(answers[0]?.headers.get('ratelimit')).toBeNull();
    expect(answers[0]?.headers.get('ratelimit-policy')).toBeNull();
  });
});

/** A request without a valid key, with any headers. */
async function anonymous({ url }: SpawnedService, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}${path}`, { headers });
  return {
    status: response.status,
    headers: response.headers,
    code: ((await response.json()) as ProblemBody).code,
  };
}

describe('requests without a valid key', () => {
  const addressLimited = { ...quietWorker, RATE_LIMIT_ADDRESS_MAX: '4', RATE_LIMIT_WINDOW: '1h' };

  test('requests without a valid key are limited by address: unknown paths, the reference, missing keys', async () => {
    await using service = await spawnService(addressLimited);
    // The API clients of this test have already requested the document twice.
    expect(await anonymous(service, '/nowhere')).toMatchObject({ status: 404 });
    expect(await anonymous(service, '/orders/%zz')).toMatchObject({ status: 400 });
    for (const path of ['/orders', '/orders/%zz', '/nowhere', '/docs', '/openapi.json']) {
      const { status, code, headers } = await anonymous(service, path);
      expect([path, status, code]).toEqual([path, 429, 'rate_limited']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(3000);
      // Only a client learns its rate limit.
      expect(headers.get('ratelimit')).toBeNull();
    }
  });

  test('requests with and without a valid key from one address do not count against each other', async () => {
    await using service = await spawnService(addressLimited);
    expect(statuses(await times(10, () => list(service)))).not.toContain(429);
    expect(statuses(await times(10, () => anonymous(service, '/orders')))).toContain(429);
    expect(statuses(await times(10, () => list(service)))).not.toContain(429);
  });

  test('probes on the admin listener are never limited', async () => {
    await using service = await spawnService(addressLimited);
    for (const path of ['/livez', '/readyz', '/metrics']) {
      const answers = await times(20, async () => {
        const response = await fetch(`${service.adminUrl}${path}`);
        await response.arrayBuffer();
        return response;
      });
      expect(new Set(statuses(answers))).toEqual(new Set([200]));
    }
  });

  describe('the address of a request', () => {
    const forwarded = (client: string) => ({ 'x-forwarded-for': client });
    const sendFrom = (service: SpawnedService, addresses: readonly string[], path = '/nowhere') =>
      Promise.all(addresses.map((address) => anonymous(service, path, forwarded(address))));
    const many = Array.from({ length: 20 }, (_, index) => `203.0.113.${index}`);

    test('the address is that of the connection when no proxy is trusted', async () => {
      await using service = await spawnService(addressLimited);
      expect(statuses(await sendFrom(service, many)).filter((status) => status === 404)).toHaveLength(2);
    });

    test.each([
      ['one proxy', '1', ''],
      ['a proxy at a trusted address', '127.0.0.0/8, ::1', ''],
      ['two proxies', '2', ', 198.51.100.1'],
      ['a chain of trusted addresses', '127.0.0.1,198.51.100.0/24', ', 198.51.100.7, 198.51.100.8'],
    ])(
      'the address is the one that %s has seen, whatever the client wrote before it',
      async (_what, trusted, behind) => {
        await using service = await spawnService({ ...addressLimited, TRUST_PROXY: trusted });
        // Each address has its own limit, whether its path can be decoded or not.
        const addresses = many.map((address) => address + behind);
        expect(new Set(statuses(await sendFrom(service, addresses)))).toEqual(new Set([404]));
        expect(new Set(statuses(await sendFrom(service, addresses, '/orders/%zz')))).toEqual(new Set([400]));
        // An address that a client writes in front of its own does not count.
        const spoofed = many.map((address) => `${address}, 203.0.113.99${behind}`);
        expect(statuses(await sendFrom(service, spoofed)).filter((status) => status === 404)).toHaveLength(4);
      },
    );

    test('the address is the same whatever its port, brackets or quotes', async () => {
      await using service = await spawnService({ ...addressLimited, TRUST_PROXY: '1' });
      // As Azure's gateway, Envoy and RFC 7239 write it.
      const withPorts = (ip: string) => many.map((_address, index) => `${ip}:${50_000 + index}`);
      const accepted = async (addresses: string[]) =>
        statuses(await sendFrom(service, addresses)).filter((status) => status === 404).length;
      expect(await accepted(withPorts('203.0.113.7'))).toBe(4);
      expect(await accepted(withPorts('203.0.113.8'))).toBe(4);
      expect(await accepted(withPorts('[2001:db8::7]'))).toBe(4);
      // Counts as the same network, and that is full.
      expect(await accepted(['2001:db8::8', '[2001:db8::9]', '"[2001:db8::a]:1"'])).toBe(0);
      expect(await accepted(many.map((address) => `${address}:443`))).toBe(18);
    });

    test('the address is read from `forwarded` when the proxies write that header', async () => {
      await using service = await spawnService({
        ...addressLimited,
        TRUST_PROXY: '1',
        TRUST_PROXY_HEADER: 'forwarded',
      });
      const sendAs = (values: string[]) =>
        Promise.all(
          values.map((value) =>
            // A client can write the other header, which is not read.
            anonymous(service, '/nowhere', { forwarded: value, 'x-forwarded-for': value.slice(-1) }),
          ),
        );
      expect(
        new Set(statuses(await sendAs(many.map((address) => `for="${address}:80";proto=https`)))),
      ).toEqual(new Set([404]));
      const spoofed = many.map((address) => `for="${address}, for=203.0.113.99`);
      expect(statuses(await sendAs(spoofed)).filter((status) => status === 404)).toHaveLength(4);
    });

    test('the address is that of the connection when the peer is not a trusted proxy', async () => {
      await using service = await spawnService({ ...addressLimited, TRUST_PROXY: '10.0.0.0/8' });
      expect(statuses(await sendFrom(service, many)).filter((status) => status === 404)).toHaveLength(2);
    });

    test('the address is that of the connection when the proxy reports no valid one', async () => {
      await using service = await spawnService({ ...addressLimited, TRUST_PROXY: '1' });
      const nonsense = many.map((_address, index) => `unknown-${index}`);
      expect(statuses(await sendFrom(service, nonsense)).filter((status) => status === 404)).toHaveLength(2);
    });

    test('an IPv6 address counts by its first 64 bits', async () => {
      await using service = await spawnService({ ...addressLimited, TRUST_PROXY: '1' });
      const neighbours = many.map((_address, index) => `2001:db8:0:1::${index}`);
      expect(statuses(await sendFrom(service, neighbours)).filter((status) => status === 404)).toHaveLength(
        4,
      );
      const others = many.map((_address, index) => `2001:db8:0:${index + 2}::1`);
      expect(new Set(statuses(await sendFrom(service, others)))).toEqual(new Set([404]));
    });
  });
});
