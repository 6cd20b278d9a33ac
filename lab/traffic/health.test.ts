import { expect, test } from 'vitest';
import { createTrafficHealth } from './health.ts';

test('traffic is unhealthy until the service has answered', () => {
  const health = createTrafficHealth();
  expect(health.fault()).toBe('the service has not answered yet');
  health.answered();
  expect(health.fault()).toBeUndefined();
});

test('traffic is unhealthy after ten failures in a row and healthy with the next success', () => {
  const health = createTrafficHealth();
  health.answered();
  for (const status of [201, 503, 500, undefined, 429, 401, 503, 503, 503, undefined]) health.add({ status });
  expect(health.fault()).toBeUndefined();
  health.add({ status: undefined });
  expect(health.fault()).toBe('the last 10 requests failed, the last with no answer');
  health.add({ status: 402 });
  expect(health.fault()).toBeUndefined();
});
