import { type LogRecord, logs, SeverityNumber, trace } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import { createLogger } from '../../../src/telemetry/logging/logger.ts';
import { alsoSendOtlp } from '../../../src/telemetry/logging/otlp-logs.ts';
import { runInRequest } from '../../../src/telemetry/request-log.ts';

afterEach(() => logs.disable());

/** A logger in a process whose SDK exports logs. */
function sendingLogger() {
  const records: LogRecord[] = [];
  logs.setGlobalLoggerProvider({
    getLogger: () => ({ enabled: () => true, emit: (record) => records.push(record) }),
  });
  let text = '';
  const destination = { write: (line: string) => (text += line) };
  return {
    logger: createLogger({ service: 'orders', level: 'info', destination }),
    records,
    text: () => text,
  };
}

test('a logger emits every line that it writes as a log record', () => {
  const { logger, records, text } = sendingLogger();
  logger.debug('not written');
  logger
    .child({ component: 'orders' })
    .warn({ event: 'order.left_pending', order_id: '7', attempt: 2 }, 'undecided');

  const { time } = JSON.parse(text()) as { time: string };
  expect(records).toEqual([
    {
      timestamp: Date.parse(time),
      severityNumber: SeverityNumber.WARN,
      severityText: 'warn',
      body: 'undecided',
      eventName: 'orders.order.left_pending',
      attributes: { component: 'orders', event: 'order.left_pending', order_id: '7', attempt: 2 },
      context: expect.anything(),
    },
  ]);
});

test('a log record has the trace and the span of its line', () => {
  const { logger, records } = sendingLogger();
  const spanContext = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
  };
  runInRequest({ requestLog: { request_id: 'req-1' }, trace: spanContext }, () => logger.info('inside'));
  logger.info('outside');

  const [inside, outside] = records.map(({ context }) => context && trace.getSpanContext(context));
  expect(inside).toEqual(spanContext);
  expect(outside).toBeUndefined();
  expect(records[0]?.attributes).toEqual({ request_id: 'req-1' });
});

test('a log record describes an error by the semantic conventions', () => {
  const { logger, records } = sendingLogger();
  const cause = new Error('refused');
  logger.error({ err: Object.assign(new TypeError('failed', { cause }), { code: 'E_FAILED' }) }, 'defect');
  expect(records[0]?.attributes).toEqual({
    'exception.type': 'TypeError',
    'exception.message': 'failed',
    'exception.stacktrace': expect.stringContaining('TypeError: failed\n    at '),
    'error.code': 'E_FAILED',
    'error.cause': JSON.stringify({ type: 'Error', message: 'refused' }),
  });
});

test('a log record holds nothing that redaction removes, and no unbounded value', () => {
  const { logger, records } = sendingLogger();
  logger.warn(
    { paymentToken: 'tok_secret', reason: '4111111111111111', long: 'x'.repeat(10_000) },
    'jane@example.com',
  );
  expect(JSON.stringify(records)).not.toMatch(/tok_secret|4111|jane/);
  expect(JSON.stringify(records).length).toBeLessThan(5000);
});

test('alsoSendOtlp returns the destination itself if the SDK exports no logs', () => {
  const destination = { write: () => {} };
  expect(alsoSendOtlp(destination)).toBe(destination);
});
