import { expect, test } from 'vitest';
import { serverOfUrl } from './server-of-url.ts';

test.each([
  ['http://shop.example/path', undefined, 'shop.example', 80],
  ['https://shop.example', undefined, 'shop.example', 443],
  ['http://[::1]:4000', undefined, '::1', 4000],
  ['https://[2001:DB8::1]', undefined, '2001:db8::1', 443],
  ['cache://user:hush@[::1]/1', 6379, '::1', 6379],
  ['cache://127.0.0.1:7000/0', 6379, '127.0.0.1', 7000],
  ['cache://', 6379, '', 6379],
])(
  'the URL %s with the default port %j names the server %j at port %i',
  (url, defaultPort, address, port) => {
    expect(serverOfUrl(url, defaultPort)).toEqual({ address, port });
  },
);
