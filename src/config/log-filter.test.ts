import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError, read } from './environment.ts';
import { hidesErrors, logComponents, logFilter, logLevels, parseLogFilter } from './log-filter.ts';

// The grammar of env_logger and of tracing's EnvFilter, without targets within a component:
// https://docs.rs/env_logger/latest/env_logger/#enabling-logging
test.each([
  ['info', { level: 'info', components: {} }],
  ['info,postgres=debug,http=warn', { level: 'info', components: { postgres: 'debug', http: 'warn' } }],
  ['postgres=debug,error', { level: 'error', components: { postgres: 'debug' } }],
  ['redis=silent', { level: undefined, components: { redis: 'silent' } }],
  [' warn , orders = trace ', { level: 'warn', components: { orders: 'trace' } }],
])('the filter %j is read', (text, filter) => {
  expect(parseLogFilter(text)).toEqual({ kind: 'filter', filter });
});

test.each([
  ['', 'malformed'],
  ['loud', 'malformed'],
  ['INFO', 'malformed'],
  ['info,', 'malformed'],
  ['info,debug', 'malformed'],
  ['http=debug,http=info', 'malformed'],
  ['http=', 'malformed'],
  ['http=debug=info', 'malformed'],
  ['info;http=debug', 'unknown_component'],
  ['paymnt=debug', 'unknown_component'],
  ['toString=debug', 'unknown_component'],
  ['=debug', 'unknown_component'],
])('the filter %j is refused', (text, kind) => {
  expect(parseLogFilter(text).kind).toBe(kind);
});

test.each([
  ['silent', true],
  ['fatal', true],
  ['info,postgres=silent', true],
  ['error,http=fatal', true],
  ['error', false],
  ['warn,postgres=error', false],
])('LOG_LEVEL=%s hides errors: %s', (text, hides) => {
  const parsed = parseLogFilter(text);
  expect(parsed.kind === 'filter' && hidesErrors(parsed.filter)).toBe(hides);
});

test('every combination of levels reads back, in any order', () => {
  const level = fc.constantFrom(...logLevels);
  const filters = fc.record({
    level: fc.option(level, { nil: undefined }),
    components: fc.dictionary(fc.constantFrom(...logComponents), level),
  });
  fc.assert(
    fc.property(filters, fc.boolean(), ({ level: all, components }, isReversed) => {
      const directives = [
        ...(all === undefined ? [] : [all]),
        ...Object.entries(components).map((pair) => pair.join('=')),
      ];
      fc.pre(directives.length > 0);
      const text = (isReversed ? directives.toReversed() : directives).join(',');
      expect(parseLogFilter(text)).toEqual({
        kind: 'filter',
        filter: { level: all, components: { ...components } },
      });
    }),
  );
});

test.each([
  [
    'info,paymnt=debug',
    'LOG_LEVEL sets the level of "paymnt", which is no component. The components are http, postgres, redis, payment, orders, admission.',
  ],
  [
    'loud',
    'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, alone or with levels of components such as info,postgres=debug, not "loud"',
  ],
])('LOG_LEVEL=%s is one clear line', (text, line) => {
  const variables = { LOG_LEVEL: logFilter({ default: 'info', meaning: 'levels' }) };
  expect(() => read(variables, { LOG_LEVEL: text })).toThrow(new ConfigError([line]));
});
