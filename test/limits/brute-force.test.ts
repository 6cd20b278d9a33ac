import { describe, expect, test } from 'vitest';
import type { Answer, ProblemBody } from '../support/clients/api-client.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';
import { counted } from '../support/processes/spawn-with-redis.ts';
import { linesOf } from '../support/processes/spawn-with-script.ts';

const throttled = { AUTH_FAILURE_MAX: '5', AUTH_FAILURE_WINDOW: '1h' };

const guess = ({ api }: SpawnedService, key: string): Promise<Answer<ProblemBody>> =>
  api.refused('GET', '/orders', { headers: { authorization: `Bearer ${key}` } });

async function guessMany(service: SpawnedService, count: number): Promise<Array<Answer<ProblemBody>>> {
  const answers = [];
  for (let index = 0; index < count; index += 1) answers.push(await guess(service, `guess-${index}`));
  return answers;
}

describe('guessing API keys', () => {
  test('guessing API keys gets 429 with Retry-After after a few wrong ones', async () => {
    await using service = await spawnService(throttled);
    const answers = await guessMany(service, 10);
    expect(answers.map(({ status, body }) => `${status} ${body.code}`)).toEqual([
      ...Array.from({ length: 5 }, () => '401 unauthenticated'),
      ...Array.from({ length: 5 }, () => '429 rate_limited'),
    ]);
    for (const { headers } of answers.slice(5)) {
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(3500);
      expect(headers.get('www-authenticate')).toBeNull();
    }
    const failures = (reason: string) => counted(service, 'auth_failures_total', { reason });
    expect([await failures('unknown'), await failures('throttled'), await failures('missing')]).toEqual([
      5, 5, 0,
    ]);
  });

  test('guessing API keys leaves one log line per window, with the address and without a key', async () => {
    await using service = await spawnService(throttled);
    await guessMany(service, 30);
    expect(linesOf(service, 'auth.brute_force')).toMatchObject([
      { level: 'warn', client_address: '127.0.0.1', failures: 6 },
    ]);
    expect(JSON.stringify(service.logs)).not.toContain('guess-');
  });

  test('guessing API keys gets 401 again when the window has ended', async () => {
    await using service = await spawnService({ ...throttled, AUTH_FAILURE_WINDOW: '1s' });
    // A busy machine may need more than one window for six guesses.
    await expect
      .poll(async () => (await guessMany(service, 6)).at(-1)?.headers.get('retry-after'), { interval: 1 })
      .toBe('1');
    await expect.poll(async () => (await guess(service, 'another')).status).toBe(401);
  });

  test('guessing API keys does not lock out a client at the same address, not even a new one', async () => {
    await using service = await spawnService(throttled);
    await guessMany(service, 50);
    expect((await service.api.place()).status).toBe(201);
    expect((await guess(service, 'guess')).status).toBe(429);
  });

  test('a flood of guessed API keys finds no valid key and does not affect clients known at the address', async () => {
    await using service = await spawnService({
      ...throttled,
      RATE_LIMIT_ADDRESS_MAX: '30',
      RATE_LIMIT_WINDOW: '1h',
    });
    expect((await service.api.place()).status).toBe(201);
    await guessMany(service, 40);
    const lucky = await guess(service, 'pos-key');
    expect([lucky.status, lucky.body.code]).toEqual([429, 'rate_limited']);
    expect((await service.api.place()).status).toBe(201);
  });
});
