import { expect, test } from 'vitest';
import { isError } from './log-lines.ts';

test.each([
  ['orders', '{"level":"error","time":"2026-11-28T08:00:00.000Z","event":"process.failed"}'],
  ['jaeger', '{"level":"error","ts":1764316800.1,"msg":"cannot export"}'],
  [
    'prometheus',
    'time=2026-11-28T08:00:00.000Z level=ERROR source=manager.go:1 msg="Evaluating rule failed"',
  ],
  ['loki', 'level=error ts=2026-11-28T08:00:00.000Z caller=flush.go:1 msg="failed to flush"'],
  ['grafana', 'logger=provisioning t=2026-11-28T08:00:00.000Z level=error msg="can\'t read"'],
  ['otel-collector', '2026-11-28T08:00:00.000Z\terror\tinternal/queue_sender.go:1\tExporting failed.'],
  ['postgres', '2026-11-28 08:00:00.000 UTC [61] FATAL:  the database system is starting up'],
  ['proxy', '[ALERT]    (8) : config : parsing failed'],
  ['valkey', "1:M 28 Nov 2026 08:00:00.000 # Can't save in background: fork"],
])('a line of %s at level error is counted', (_program, line) => {
  expect(isError(line)).toBe(true);
});

test.each([
  ['orders', '{"level":"warn","event":"payment.retry","reason":"error"}'],
  ['prometheus', 'time=2026-11-28T08:00:00.000Z level=WARN msg="an error was seen"'],
  [
    'otel-collector',
    '2026-11-28T08:00:00.000Z\tinfo\tinternal/retry_sender.go:1\tExporting failed. Will retry.\t{"error": "x"}',
  ],
  ['postgres', '2026-11-28 08:00:00.000 UTC [1] LOG:  database system is ready to accept connections'],
  ['proxy', '[NOTICE]   (1) : Initializing new worker (8)'],
  ['valkey', '1:M 28 Nov 2026 08:00:00.000 * Ready to accept connections tcp'],
])('a line of %s below level error is not counted', (_program, line) => {
  expect(isError(line)).toBe(false);
});
