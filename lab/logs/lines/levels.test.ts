import { expect, test } from 'vitest';
import { levelNames, levelOfSeverity, severityOf } from './levels.ts';

test.each([
  [
    "Go's slog",
    { 'DEBUG-4': 'trace', 'INFO+2': 'info', 'WARN+1': 'warn', 'ERROR+2': 'error', 'ERROR+4': 'fatal' },
  ],
  ['java.util.logging', { FINEST: 'trace', FINER: 'debug', FINE: 'debug', CONFIG: 'debug', SEVERE: 'error' }],
  ['Python', { DEBUG: 'debug', WARNING: 'warn', ERROR: 'error', CRITICAL: 'fatal' }],
  ['.NET', { Trace: 'trace', Information: 'info', Warning: 'warn', Critical: 'fatal' }],
  ['loguru', { SUCCESS: 'info' }],
  ['zap', { info: 'info', dpanic: 'error', fatal: 'fatal' }],
  ['syslog', { notice: 'info', err: 'error', alert: 'error', emerg: 'fatal' }],
  [
    'nobody',
    { loud: 'unknown', 'loud+1': 'unknown', constructor: 'unknown', '': 'unknown', 'error+': 'unknown' },
  ],
])('a level has the severity that %s means', (_logger, levels) => {
  const read = Object.keys(levels).map((level) => [level, levelNames[levelOfSeverity(severityOf(level))]]);
  expect(Object.fromEntries(read)).toEqual(levels);
});

test('a distance from a level of slog stays within the severities of OTLP', () => {
  expect(['DEBUG-99', 'ERROR+99', 'INFO+1'].map(severityOf)).toEqual([1, 24, 10]);
});
