import { expect, test } from 'vitest';
import { scrub } from './scrub.ts';

test.each([
  ['4111111111111111 was declined', '[card number] was declined'],
  ['card=4111 1111 1111 1111', 'card=[card number]'],
  ['3782-822463-10005.', '[card number].'],
  ['order 12 4111 1111 1111 1111', 'order 12 [card number]'],
  ['mail to jane.doe+news@example.co.uk!', 'mail to [e-mail]!'],
  ['postgres://orders:hush@db:5432/orders', 'postgres://[credentials]@db:5432/orders'],
  ['invalid header: Bearer sk_live-123', 'invalid header: Bearer [redacted]'],
  ['/orders/4111%201111%201111%201111', '/orders/[card number]'],
  ['/orders/%34%31%31%31%31%31%31%31%31%31%31%31%31%31%31%31', '/orders/[card number]'],
  ['/mail/jane.doe%40example.com', '/mail/[e-mail]'],
  ['/next?to=%2Fmail%2Fjane.doe%2540example.com', '/next?to=/mail/[e-mail]'],
  ['see https://example.com?to=jane@example.com', 'see https://example.com?to=[e-mail]'],
  ['/orders/sk_live_9aBcDeFgHiJkLmNo', '/orders/[key]'],
  ['SK%5FLIVE%5F9ABCDEFGHIJKLMNO', '[key]'],
  ['x_whsec_9aBcDeFgHiJkLmNo.', 'x_[key].'],
  ['glpat-9aBcDeFgHiJkLmNoPqRs and ghp_9aBcDeFgHiJkLmNoPqRs', '[key] and [key]'],
  ['AKIAIOSFODNN7EXAMPLE', '[key]'],
  ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dGhlIGVuZA', 'token [key]'],
])('scrub finds the secret in "%s"', (text, clean) => {
  expect(scrub(text)).toBe(clean);
});

test.each([
  'connect ECONNREFUSED 127.0.0.1:5432',
  '4111111111111112 fails the check digit',
  'order 3f0b1c1e-6a0f-4e0e-9d7e-1b2c3d4e5f60 at 2026-03-01T10:00:00.000Z',
  'trace 0af7651916cd43dd8448eb211c80319c, 12345678 bytes',
  '/orders/100%25/a%20b%C3%A9',
  'req_9aBcDeFgHiJkLmNo of pod orders-7d9f8b6c5d-x2x4z',
  'task-management-interface, sk-management-interface',
])('scrub leaves "%s" unchanged', (text) => {
  expect(scrub(text)).toBe(text);
});

test('scrub takes linear time on hostile texts', () => {
  const parts = [
    '1 ',
    '4111-',
    'f1',
    '0123456789abcdef',
    'a.',
    'a@',
    '://',
    '%25',
    '%2',
    'sk-',
    'eyJ.',
    'bearer ',
  ];
  const hostile = parts.map((part) => part.repeat(100_000 / part.length));
  // Time of the processor: on a busy machine the clock runs on while the test waits for one.
  const before = process.threadCpuUsage();
  for (const text of hostile) scrub(text);
  expect(process.threadCpuUsage(before).user / 1000).toBeLessThan(1000);
});
