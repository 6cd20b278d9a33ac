import { describe, expect, test } from 'vitest';
import { addressesAnd, strangerIn } from './known-hosts.ts';

const known = addressesAnd(['orders', '*.svc.cluster.local']);

describe('a request', () => {
  test.each([
    '127.0.0.1:7071',
    '10.42.0.17:7071',
    '[::1]:7071',
    '[2001:db8::1]',
    'localhost:7071',
    'LOCALHOST',
    'orders.localhost',
    'orders',
    'Orders.:7071',
    'orders.default.svc.cluster.local:7071',
  ])('a request with the host %s is known', (host) => {
    expect(strangerIn({ host }, known)).toBeUndefined();
  });

  test.each([
    'evil.example',
    'evil.example:7071',
    '127.0.0.1.evil.example',
    'orders.evil.example',
    'svc.cluster.local',
    'localhost.evil.example',
    'xsvc.cluster.local.evil',
    '',
    'a b',
  ])('a request with the host %j comes from elsewhere', (host) => {
    expect(strangerIn({ host }, known)).toBe('wrong_host');
  });

  test('a request of HTTP/1.0 without a host is known: health checks send it, browsers do not', () => {
    expect(strangerIn({}, known)).toBeUndefined();
  });

  const host = 'localhost:7071';
  test.each([
    ['of the listener itself', { origin: 'http://localhost:7071' }, undefined],
    ['of the listener behind a TLS proxy', { origin: 'https://localhost:7071' }, undefined],
    ['of another site', { origin: 'https://evil.example' }, 'wrong_origin'],
    ['of another port', { origin: 'http://localhost:7074' }, 'wrong_origin'],
    ['of a sandboxed page', { origin: 'null' }, 'wrong_origin'],
    [
      'of an image on another site',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      'wrong_origin',
    ],
    [
      'of a link on another site',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      undefined,
    ],
    ['of the address bar', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, undefined],
  ])('%s is judged by its origin', (_who, headers, stranger) => {
    expect(strangerIn({ host, ...headers }, known)).toBe(stranger);
  });
});
