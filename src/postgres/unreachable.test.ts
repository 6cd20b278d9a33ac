import { expect, test } from 'vitest';
import { unreachable } from './unreachable.ts';

const failure = (code: string) => Object.assign(new Error(`connect ${code}`), { code });

test.each([
  ['postgres://orders:hush@db:6432/orders', failure('ECONNREFUSED'), 'db:6432', 'the connection is refused'],
  ['postgres://orders:hush@db/orders', failure('ENOTFOUND'), 'db:5432', 'the host name is unknown'],
  ['postgres://orders:hush@[::1]/orders', new Error('timeout expired'), '[::1]:5432', 'no answer in time'],
  ['postgres:///orders?host=::1&port=6', failure('ETIMEDOUT'), '[::1]:6', 'no answer in time'],
  [
    'postgres://localhost/orders',
    new AggregateError([failure('ECONNREFUSED'), failure('ECONNREFUSED')]),
    'localhost:5432',
    'the connection is refused',
  ],
  [
    'postgres://localhost/orders',
    new AggregateError([failure('ENETUNREACH'), failure('ECONNREFUSED')]),
    'localhost:5432',
    'there is no network to the host; the connection is refused',
  ],
  ['postgres:///orders?host=/run/db', failure('ENOENT'), '/run/db:5432', 'there is no such socket'],
])('%s after %s is reported with %s', (url, error, address, reason) => {
  expect(unreachable(url, error)).toBe(`PostgreSQL at ${address} cannot be reached: ${reason}.`);
});

test('a fault of another kind is not reported as a database that cannot be reached', () => {
  expect(unreachable('postgres://db/orders', failure('28P01'))).toBeUndefined();
  expect(unreachable('postgres://db/orders', new AggregateError([]))).toBeUndefined();
  expect(unreachable('postgres://db/orders', 'text')).toBeUndefined();
  const missingFile = Object.assign(failure('ENOENT'), { path: 'migrations' });
  expect(unreachable('postgres://db/orders', missingFile)).toBeUndefined();
});

test('an address that is no URL is named by its variable', () => {
  expect(unreachable('hush', failure('ECONNREFUSED'))).toBe(
    'PostgreSQL at the address in DATABASE_URL cannot be reached: the connection is refused.',
  );
});
