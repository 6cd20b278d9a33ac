import { expect, test } from 'vitest';
import { runInRequest, currentRequestLog } from '../request-log.ts';
import { createDiagLogger } from './diag-logger.ts';

test('a message of OpenTelemetry keeps all of its parts', () => {
  const told: string[] = [];
  const logger = createDiagLogger((message) => told.push(message));
  logger.warn('OTLPExportDelegate', 'Received Partial Success response:', '{"rejectedSpans":3}', { code: 8 });
  expect(told).toEqual([
    'telemetry: OTLPExportDelegate Received Partial Success response: {"rejectedSpans":3} { code: 8 }',
  ]);
});

test('an error in a message of OpenTelemetry is told with its name and its message', () => {
  const told: string[] = [];
  createDiagLogger((message) => told.push(message)).error('export', new TypeError('no such host'));
  expect(told).toEqual(['telemetry: export TypeError: no such host']);
});

test('a message of OpenTelemetry is cut, and the next of the minute is left out', () => {
  const told: string[] = [];
  const logger = createDiagLogger((message) => told.push(message));
  logger.error('x'.repeat(10_000));
  logger.error('another');
  expect(told.map(({ length }) => length)).toEqual([500]);
});

test('a message of OpenTelemetry belongs to no request, even if it comes up in one', () => {
  const seen: unknown[] = [];
  const logger = createDiagLogger(() => seen.push(currentRequestLog()));
  runInRequest({ requestLog: { request_id: 'req-1' }, trace: undefined }, () => logger.error('failed'));
  expect(seen).toEqual([undefined]);
});
