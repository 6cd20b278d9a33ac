import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { cause, type CauseScope, parseCause } from './cause.ts';

test('a cause is read as it was written, whatever its value', () => {
  const scopes = fc.constantFrom<CauseScope>('card', 'client');
  const values = fc.oneof(fc.string(), fc.constant('client:a:b'));
  fc.assert(
    fc.property(scopes, values, (scope, value) => {
      expect(parseCause(cause(scope, value))).toEqual({ scope, value });
    }),
  );
});

test('a card and a client of the same name are two causes', () => {
  expect(cause('card', 'shop')).not.toBe(cause('client', 'shop'));
});
