import { expect, test } from 'vitest';
import { pathOf, serverOf } from './server-attributes.ts';

// https://opentelemetry.io/docs/specs/semconv/http/http-spans/#setting-serveraddress-and-serverport-attributes
test.each([
  ['shop.example', 'shop.example', undefined],
  ['Shop.example:8443', 'shop.example', 8443],
  ['127.0.0.1:7070', '127.0.0.1', 7070],
  ['[::1]:7070', '::1', 7070],
  ['[2001:DB8::1]', '2001:db8::1', undefined],
  ['shop.example:', 'shop.example', undefined],
  ['', '', undefined],
  ['user@ops.example', '[e-mail]', undefined],
  // No host by the grammar: kept as it is, because a port cannot be told.
  ['::1', '::1', undefined],
])('the host %j is the server %j at port %j', (host, address, port) => {
  expect(serverOf(host)).toEqual({ address, port });
});

test.each([
  ['/rows?limit=1', '/rows'],
  ['http://shop.example/rows?limit=1', '/rows'],
  ['HTTPS://user:secret@shop.example:8443/a//b', '/a//b'],
  ['http://shop.example', '/'],
  ['*', '*'],
])('the path of the target %s is %s', (target, path) => {
  expect(pathOf(target)).toBe(path);
});
