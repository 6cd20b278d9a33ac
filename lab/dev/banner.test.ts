import { expect, test } from 'vitest';
import { banner } from './banner.ts';

const facts = {
  apiUrl: 'http://127.0.0.1:7070',
  adminUrl: 'http://127.0.0.1:7071',
  gateway: { url: 'http://127.0.0.1:7072', description: 'a simulator' },
  storage: '.data/postgres',
  limit: { max: 1000, window: 10_000 },
};

test('the banner has three requests, each on a single line', () => {
  const requests = banner({ ...facts, apiKey: 'demo-key' }).match(/^curl .*$/gm) ?? [];
  expect(requests).toHaveLength(3);
  for (const request of requests) expect(request).toContain("'Authorization: Bearer demo-key'");
});

test("the banner leaves the user's own key to a shell variable", () => {
  const requests = banner(facts).match(/^curl .*$/gm) ?? [];
  expect(requests).toHaveLength(3);
  // Double quotes, in which a shell expands variables.
  for (const request of requests) expect(request).toContain('"Authorization: Bearer $API_KEY"');
});

test.each([
  [1000, 'Limit    1,000 requests of a client per 10 s (RATE_LIMIT_MAX)'],
  [10_000, 'Limit    10,000 requests of a client per 10 s (RATE_LIMIT_MAX; 1,000 with npm run serve)'],
  [0, 'Limit    none: RATE_LIMIT_MAX is 0'],
])('the banner says which limit of requests holds, here %i', (max, line) => {
  expect(banner({ ...facts, limit: { max, window: 10_000 } })).toContain(`  ${line}\n`);
});
