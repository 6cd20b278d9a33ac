import { expect, test } from 'vitest';
import type { Config } from '../../config/config.ts';
import { Secret } from '../../config/environment.ts';
import { describeDatabases } from './describe-databases.ts';

test.each([
  ['postgres://a:1,b/shop', 'a:1,b:5432/shop'],
  ['postgres://[2001:db8::1]:6432/shop', '[2001:db8::1]:6432/shop'],
])('the pool of %s has the name %s', (url, name) => {
  const config = { postgres: { url: new Secret(url), poolMax: 10 } } as Config;
  expect(describeDatabases(config).pool).toEqual({ name, max: 10 });
});
