import * as crypto from 'node:crypto';
import fastify from 'fastify';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type AuthEvents, createAuthentication } from './auth.ts';
import { createWindowLimit } from './limits/window-limit.ts';

vi.mock('node:crypto', async (original) => {
  const actual = await original<typeof crypto>();
  return { ...actual, timingSafeEqual: vi.fn<typeof actual.timingSafeEqual>(actual.timingSafeEqual) };
});
const compare = vi.mocked(crypto.timingSafeEqual);
beforeEach(() => {
  compare.mockClear();
});

const keys = Array.from({ length: 10 }, (_, index) => ({ client: `client-${index}`, key: `key-${index}` }));
const window = 60_000;

function authenticating(limits: { failures?: number; addresses?: number } = {}) {
  const events: string[] = [];
  const recorded: AuthEvents = {
    refused: (reason) => events.push(reason),
    bruteForce: ({ address, failures }) => events.push(`${address} failed ${failures} times`),
  };
  const app = fastify({ trustProxy: '127.0.0.1' });
  app.decorateRequest('clientId', '');
  app.addHook(
    'onRequest',
    createAuthentication(
      keys,
      {
        failures: createWindowLimit({ max: limits.failures ?? 0, window }),
        addresses: createWindowLimit({ max: limits.addresses ?? 0, window }),
      },
      recorded,
      'orders',
    ),
  );
  app.get('/', ({ clientId }) => clientId);
  app.setErrorHandler<Error & { code: string; retryAfter?: number }>(
    ({ code, retryAfter }, _request, reply) =>
      reply.send(retryAfter === undefined ? code : `${code} ${retryAfter}`),
  );
  const ask = async (key: string | undefined, address = '203.0.113.1') => {
    const { body } = await app.inject({
      url: '/',
      headers: {
        'x-forwarded-for': address,
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
      },
    });
    return body;
  };
  return { ask, events };
}

describe('a key', () => {
  test('a key is compared with every known key, whatever its position', async () => {
    const { ask } = authenticating();
    for (const [key, client] of [
      ['key-0', 'client-0'],
      ['key-5', 'client-5'],
      ['key-9', 'client-9'],
      ['key-10', 'unauthenticated'],
      ['', 'unauthenticated'],
    ] as const) {
      compare.mockClear();
      expect(await ask(key)).toBe(client);
      expect(compare).toHaveBeenCalledTimes(key === '' ? 0 : keys.length);
    }
  });

  test('a key is compared as a digest, so that no comparison reveals its length', async () => {
    const { ask } = authenticating();
    await ask('k');
    await ask('k'.repeat(5000));
    for (const [known, given] of compare.mock.calls) {
      expect([known.byteLength, given.byteLength]).toEqual([32, 32]);
    }
  });
});

describe('guessing', () => {
  test('guessing gets 429 instead of 401 after a few wrong keys, and is reported once', async () => {
    const { ask, events } = authenticating({ failures: 3 });
    const answers = [];
    for (let guess = 0; guess < 6; guess += 1) answers.push(await ask(`guess-${guess}`));
    expect(answers).toEqual([
      ...Array.from({ length: 3 }, () => 'unauthenticated'),
      ...Array.from({ length: 3 }, () => 'rate_limited 60'),
    ]);
    expect(events).toEqual([
      'unknown',
      'unknown',
      'unknown',
      '203.0.113.1 failed 4 times',
      'throttled',
      'throttled',
      'throttled',
    ]);
  });

  test('requests without a key do not count as guessing', async () => {
    const { ask, events } = authenticating({ failures: 3 });
    for (let request = 0; request < 6; request += 1) expect(await ask(undefined)).toBe('unauthenticated');
    expect(new Set(events)).toEqual(new Set(['missing']));
  });

  test('guessing locks out neither a client at the same address nor anyone at another address', async () => {
    const { ask } = authenticating({ failures: 3 });
    for (let guess = 0; guess < 100; guess += 1) await ask(`guess-${guess}`);
    expect(await ask('key-1')).toBe('client-1');
    expect(await ask('key-1', '203.0.113.2')).toBe('client-1');
    expect(await ask('mistyped', '203.0.113.2')).toBe('unauthenticated');
    expect(await ask('guess')).toMatch(/^rate_limited/);
  });

  test('a flood of guesses makes the address accept only clients that authenticated there before', async () => {
    const { ask, events } = authenticating({ failures: 3, addresses: 50 });
    expect(await ask('key-1')).toBe('client-1');
    for (let guess = 0; guess < 51; guess += 1) await ask(`guess-${guess}`);
    expect(await ask('key-2')).toMatch(/^rate_limited/);
    expect(await ask('key-1')).toBe('client-1');
    expect(await ask('key-2', '203.0.113.2')).toBe('client-2');
    // The refusal of a valid key is the same as that of a wrong key.
    expect(events.at(-1)).toBe('throttled');
  });

  test('guessing is forgotten when the window ends', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { ask } = authenticating({ failures: 3, addresses: 10 });
    for (let guess = 0; guess < 12; guess += 1) await ask(`guess-${guess}`);
    expect(await ask('key-2')).toMatch(/^rate_limited/);
    vi.advanceTimersByTime(window);
    expect(await ask('key-2')).toBe('client-2');
    expect(await ask('guess')).toBe('unauthenticated');
  });
});
