import { expect, test } from 'vitest';
import { loadConfig } from './config.ts';
import { ConfigError, type Environment } from './environment.ts';

const required = {
  DATABASE_URL: 'postgres://orders@db:5432/orders',
  PAYMENT_GATEWAY_URL: 'https://payments.example',
  API_KEYS: 'shop:key-1',
};

const loading = (change: Environment) => () => loadConfig({ ...required, ...change });

test.each([
  'DATABASE_CONNECT_TIMEOUT',
  'DATABASE_DEADLINE',
  'PAYMENT_ATTEMPT_TIMEOUT',
  'PAYMENT_DEADLINE',
  'BREAKER_WINDOW',
  'BREAKER_OPEN_FOR',
  'SETTLEMENT_POLL_INTERVAL',
  'ADMISSION_TARGET',
  'ADMISSION_BUSY_LATENCY',
  'ADMISSION_LOOP_DELAY',
  'REDIS_COMMAND_TIMEOUT',
  'ORDER_CACHE_TTL',
  'SHUTDOWN_DEADLINE',
])('loadConfig refuses %s of 0', (name) => {
  expect(loading({ [name]: '0s' })).toThrow(new ConfigError([`${name} must not be 0`]));
});

test.each([
  'DATABASE_STATEMENT_TIMEOUT',
  'PAYMENT_BACKOFF_BASE',
  'PAYMENT_BACKOFF_FLOOR',
  'PAYMENT_PAUSE_MAX',
  'SETTLEMENT_DEADLINE',
  'SETTLEMENT_ATTEMPT_TIMEOUT',
  'SETTLEMENT_BACKOFF_BASE',
  'SETTLEMENT_BACKOFF_FLOOR',
  'EXEMPLAR_INTERVAL',
  'ADMISSION_QUEUE_TIMEOUT',
  'SHUTDOWN_DRAIN_DELAY',
])('loadConfig takes %s of 0', (name) => {
  expect(loading({ [name]: '0s' })).not.toThrow();
});

test('loadConfig refuses rounds of settlement that follow each other without a wait', () => {
  const floor = { SETTLEMENT_BACKOFF_FLOOR: '0s' };
  expect(loading({ ...floor, SETTLEMENT_BACKOFF_BASE: '0s' })).toThrow(
    new ConfigError(['SETTLEMENT_BACKOFF_BASE and SETTLEMENT_BACKOFF_FLOOR must not both be 0']),
  );
  expect(loading({ ...floor, SETTLEMENT_BACKOFF_CAP: '0s' })).toThrow(
    new ConfigError(['SETTLEMENT_BACKOFF_CAP must not be 0']),
  );
});

test.each(['HTTP_HEADERS_TIMEOUT', 'HTTP_KEEP_ALIVE_TIMEOUT', 'HTTP_SEND_TIMEOUT'])(
  'loadConfig refuses %s of 0, which Node treats as no timeout',
  (name) => {
    expect(loading({ [name]: '0s' })).toThrow(new ConfigError([`${name} must not be 0`]));
  },
);
