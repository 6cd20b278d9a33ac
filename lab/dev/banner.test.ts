import { expect, test } from 'vitest';
import { banner } from './banner.ts';

const facts = {
  apiUrl: 'http://127.0.0.1:7070',
  adminUrl: 'http://127.0.0.1:7071',
  gateway: { url: 'http://127.0.0.1:7072', description: 'a simulator' },
  storage: '.data/postgres',
};

test('has three requests, each on a line of its own to be pasted', () => {
  const requests = banner({ ...facts, apiKey: 'demo-key' }).match(/^curl .*$/gm) ?? [];
  expect(requests).toHaveLength(3);
  for (const request of requests) expect(request).toContain("'Authorization: Bearer demo-key'");
});

test('leaves a key of the user to the shell', () => {
  const requests = banner(facts).match(/^curl .*$/gm) ?? [];
  expect(requests).toHaveLength(3);
  // In double quotes, in which a shell fills in variables.
  for (const request of requests) expect(request).toContain('"Authorization: Bearer $API_KEY"');
});
