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

/** What `RateLimit` says is left. */
function leftOf({ headers }: { headers: Headers }) {
  const [, left, seconds] = /^"client";r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit') ?? '') ?? [];
  return { left: Number(left), seconds: Number(seconds) };
}

describe('a client', () => {
  test('is told in every answer what it may send and what is left of it', async () => {
    await using service = await spawnService(limited(5, '10s'));
    const answers: Array<Answer<unknown>> = [
      await list(service),
      await service.api.place(),
      await service.api.refused('GET', order),
      await service.api.refused('POST', '/orders', { body: 'no order' }),
    ];
    expect(statuses(answers)).toEqual([200, 201, 404, 415]);
    for (const { headers } of answers) expect(headers.get('ratelimit-policy')).toBe('"client";q=5;w=10');
    expect(answers.map((answer) => leftOf(answer).left)).toEqual([4, 3, 2, 1]);
    for (const { seconds } of answers.map(leftOf)) {
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(10);
    }
  });

  test('that sends more gets 429 with Retry-After, whatever it sends, and another one notices nothing', async () => {
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

  test('may send again when its window has ended', async () => {
    await using service = await spawnService(limited(2, '1s'));
    expect(statuses(await times(3, () => service.api.refused('GET', order)))).toEqual([404, 404, 429]);
    await expect
      .poll(async () => (await service.api.refused('GET', order)).status, { timeout: 5000, interval: 50 })
      .toBe(404);
  });

  test('has no limit where none is set, and is told of none', async () => {
    await using service = await spawnService({ ...quietWorker, RATE_LIMIT_MAX: '0' });
    const answers = await times(20, () => list(service));
    expect(new Set(statuses(answers))).toEqual(new Set([200]));
    expect(answers[0]?.headers.get('ratelimit')).toBeNull();
    expect(answers[0]?.headers.get('ratelimit-policy')).toBeNull();
  });
});

/** A request of somebody who may have written anything into its headers. */
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

  test('are limited by address, be it for the wrong path, the reference or no key', async () => {
    await using service = await spawnService(addressLimited);
    // One is the document that the client of these tests has asked for, twice.
    expect(await anonymous(service, '/nowhere')).toMatchObject({ status: 404 });
    expect(await anonymous(service, '/orders')).toMatchObject({ status: 401 });
    for (const path of ['/orders', '/nowhere', '/docs', '/openapi.json']) {
      const { status, code, headers } = await anonymous(service, path);
      expect([path, status, code]).toEqual([path, 429, 'rate_limited']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(3000);
      // What a client may send is nobody else's business.
      expect(headers.get('ratelimit')).toBeNull();
    }
  });

  test('do not count against the client that sends valid ones from there, nor it against them', async () => {
    await using service = await spawnService(addressLimited);
    expect(statuses(await times(10, () => list(service)))).not.toContain(429);
    expect(statuses(await times(10, () => anonymous(service, '/orders')))).toContain(429);
    expect(statuses(await times(10, () => list(service)))).not.toContain(429);
  });

  test('are not asked for on the admin listener: its probes are never limited', async () => {
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

  describe('have the address that', () => {
    const forwarded = (client: string) => ({ 'x-forwarded-for': client });
    const sendFrom = (service: SpawnedService, addresses: readonly string[]) =>
      Promise.all(addresses.map((address) => anonymous(service, '/nowhere', forwarded(address))));
    const many = Array.from({ length: 20 }, (_, index) => `203.0.113.${index}`);

    test('the connection has: nobody believes what they say', async () => {
      await using service = await spawnService(addressLimited);
      expect(statuses(await sendFrom(service, many)).filter((status) => status === 404)).toHaveLength(2);
    });

    test.each([
      ['one proxy', '1', ''],
      ['a proxy at a trusted address', '127.0.0.0/8, ::1', ''],
      ['two proxies', '2', ', 198.51.100.1'],
      ['a chain of trusted addresses', '127.0.0.1,198.51.100.0/24', ', 198.51.100.7, 198.51.100.8'],
    ])('%s has seen, whatever a client wrote before that', async (_what, trusted, behind) => {
      await using service = await spawnService({ ...addressLimited, TRUST_PROXY: trusted });
      // Each has a limit of its own…
      expect(
        new Set(
          statuses(
            await sendFrom(
              service,
              many.map((address) => address + behind),
            ),
          ),
        ),
      ).toEqual(new Set([404]));
      // …and what one of them puts in front of its own address is not it.
      const spoofed = many.map((address) => `${address}, 203.0.113.99${behind}`);
      expect(statuses(await sendFrom(service, spoofed)).filter((status) => status === 404)).toHaveLength(4);
    });

    test('the connection has, where that is no trusted proxy', async () => {
      await using service = await spawnService({ ...addressLimited, TRUST_PROXY: '10.0.0.0/8' });
      expect(statuses(await sendFrom(service, many)).filter((status) => status === 404)).toHaveLength(2);
    });

    test('the connection has, where the proxy names none', async () => {
      await using service = await spawnService({ ...addressLimited, TRUST_PROXY: '1' });
      const nonsense = many.map((_address, index) => `unknown-${index}`);
      expect(statuses(await sendFrom(service, nonsense)).filter((status) => status === 404)).toHaveLength(2);
    });

    test('differs in the first 64 bits, with IPv6', async () => {
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
