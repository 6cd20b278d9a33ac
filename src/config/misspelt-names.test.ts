import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editsBetween, misspeltNames } from './misspelt-names.ts';
import { variables } from './variables.ts';

const known = Object.keys(variables);
const sentence = (name: string, nearest: string) =>
  `${name} is not a variable of this program. Did you mean ${nearest}?`;

test.each([
  ['RATE_LIMT_MAX', 'RATE_LIMIT_MAX'],
  ['RATE_LIMIT_MXA', 'RATE_LIMIT_MAX'],
  ['DATABASE_URI', 'DATABASE_URL'],
  ['LOGLEVEL', 'LOG_LEVEL'],
  ['PROT', 'PORT'],
  ['rate_limit_max', 'RATE_LIMIT_MAX'],
  ['PAYMENT_BACKOF_FLOR', 'PAYMENT_BACKOFF_FLOOR'],
])('%s is reported with the nearest name %s', (name, nearest) => {
  expect(misspeltNames(known, { [name]: 'x' })).toEqual([sentence(name, nearest)]);
});

test.each([
  'HOME',
  'PATH',
  'PGPORT',
  'NODE_PATH',
  'HOSTNAME',
  'TERM',
  'LANG',
  'http_proxy',
  'RATE_LIMITS',
  'npm_config_port',
])('%s is not reported', (name) => {
  expect(misspeltNames([...known, 'HTTPS_PROXY'], { [name]: 'x' })).toEqual([]);
});

test('known names are never reported, and neither is a name whose right spelling is set', () => {
  expect(misspeltNames(known, Object.fromEntries(known.map((name) => [name, 'x'])))).toEqual([]);
  expect(misspeltNames(known, { API_KEYS: 'shop:key', API_KEY: 'key' })).toEqual([]);
  expect(misspeltNames(known, { API_KEY: 'key' })).toEqual([sentence('API_KEY', 'API_KEYS')]);
});

test('the value of a misspelt variable is not in the sentence', () => {
  expect(misspeltNames(known, { DATABASE_URI: 'postgres://hush-hush@db' }).join('')).not.toContain('hush');
});

test('two misspelt names are reported in the order of the alphabet', () => {
  expect(misspeltNames(known, { PROT: '1', ADMIN_PROT: '2' })).toEqual([
    sentence('ADMIN_PROT', 'ADMIN_PORT'),
    sentence('PROT', 'PORT'),
  ]);
});

const name = fc.string({ unit: fc.constantFrom('A', 'B', '_'), maxLength: 8 });

test('edits are symmetric, 0 for equal texts only, and at most the length of the longer', () => {
  fc.assert(
    fc.property(name, name, (a, b) => {
      const edits = editsBetween(a, b);
      expect(edits).toBe(editsBetween(b, a));
      expect(edits === 0).toBe(a === b);
      expect(edits).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(edits).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
    }),
  );
});

test('one insertion, deletion, substitution or swap is one edit', () => {
  fc.assert(
    fc.property(name, name, fc.constantFrom('X', 'Y'), (before, after, letter) => {
      const text = before + after;
      expect(editsBetween(text, before + letter + after)).toBe(1);
      expect(editsBetween(`${before}Z${after}`, before + letter + after)).toBe(1);
      expect(editsBetween(`${before}XY${after}`, `${before}YX${after}`)).toBe(1);
    }),
  );
});
