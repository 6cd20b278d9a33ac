import { expect, test } from 'vitest';
import { meaningOf } from './metric-meaning.ts';

test.each([
  ['backup_last_success_timestamp_seconds', '', 'gauge', 0, 'date'],
  ['process_start_time_seconds', '', 'gauge', 1.7e9, 'date'],
  ['started', 's', 'gauge', 1.7e9, 'date'],
  ['uptime', 's', 'gauge', 3600, 'seconds'],
  ['cpu_seconds_total', '', 'counter', 2e9, 'seconds'],
  ['heap', 'By', 'gauge', 2e9, 'number'],
] as const)('%s in "%s", a %s of %d, is a %s', (name, unit, kind, value, meaning) => {
  expect(meaningOf({ name, unit, kind }, [{ columns: { value: [value, null] } }])).toBe(meaning);
});
