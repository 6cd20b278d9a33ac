import { expect, test } from 'vitest';
import { ConfigError } from '../../src/config/environment.ts';
import { loadLogsConfig } from './config.ts';

const faultsOf = (env: Readonly<Record<string, string>>): readonly string[] => {
  try {
    loadLogsConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
};

test('waits of 0 that break the log processor are refused, all at once', () => {
  const names = ['LOGS_TIMEOUT', 'LOGS_LINE_WAIT', 'LOGS_ROTATED_WAIT', 'LOGS_POLL_INTERVAL'];
  expect(faultsOf(Object.fromEntries(names.map((name) => [name, '0s'])))).toEqual(
    names.map((name) => `${name} must not be 0`),
  );
});

test.each(['LOGS_BATCH_DELAY', 'LOGS_SHUTDOWN_DEADLINE'])('%s of 0 is no wait', (name) => {
  expect(faultsOf({ [name]: '0s' })).toEqual([]);
});
