import { logs } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { NoopSpanProcessor } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type OtlpReceiver, startOtlpReceiver } from '../../../lab/harness/otlp-receiver.ts';
import { createLogExport } from '../../../src/telemetry/sdk/log-export.ts';

let receiver: OtlpReceiver;
let sdk: NodeSDK | undefined;
let lost: Record<string, number> = {};
beforeEach(async () => {
  receiver = await startOtlpReceiver();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '1000');
});
afterEach(async () => {
  await receiver.fail('off');
  await sdk?.shutdown();
  sdk = undefined;
  logs.disable();
  lost = {};
  await receiver[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
});

const ofDefault = {
  maxQueueSize: 2048,
  maxExportBatchSize: 512,
  scheduledDelayMillis: 20,
  exportTimeoutMillis: 30_000,
};

/** Returns a function that emits a record with the given text through the SDK. */
async function startSending(batch: Partial<typeof ofDefault> = {}): Promise<(text: string) => void> {
  const processor = await createLogExport({ ...ofDefault, ...batch }, (reason, count) => {
    lost[reason] = (lost[reason] ?? 0) + count;
  });
  sdk = new NodeSDK({
    logRecordProcessors: [processor],
    spanProcessors: [new NoopSpanProcessor()],
    metricReaders: [],
    instrumentations: [],
  });
  sdk.start();
  const logger = logs.getLogger('test');
  return (text) => logger.emit({ body: text });
}

const bodies = () => receiver.logs.map(({ body }) => body);
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}`);

test('the log export sends records in order, with the resource of the process', async () => {
  const emit = await startSending();
  emit('first');
  emit('second');
  const { resource, scope } = await receiver.waitForLog(({ body }) => body === 'second');
  expect(bodies()).toEqual(['first', 'second']);
  expect(resource).toMatchObject({ 'process.pid': process.pid, 'host.name': expect.any(String) });
  expect(scope.name).toBe('test');
  expect(lost).toEqual({});
});

test('the log export sends a batch as soon as it is full', async () => {
  const emit = await startSending({ maxExportBatchSize: 10, scheduledDelayMillis: 600_000 });
  for (const line of numbered(25)) emit(line);
  await receiver.waitForLog(({ body }) => body === 'line 19');
  expect(receiver.requests).toBe(2);
  await sdk?.shutdown();
  expect(bodies()).toEqual(numbered(25));
  expect(receiver.requests).toBe(3);
});

// The SDK's exporter fails a 31st request at the same time.
test('the log export sends every batch that waits when it ends', async () => {
  const emit = await startSending({ maxExportBatchSize: 1, scheduledDelayMillis: 600_000 });
  for (const line of numbered(40)) emit(line);
  await sdk?.shutdown();
  expect(lost).toEqual({});
  expect(new Set(bodies())).toEqual(new Set(numbered(40)));
});

test('the log export counts the records that its queue cannot hold', async () => {
  const emit = await startSending({ maxQueueSize: 10, scheduledDelayMillis: 600_000 });
  for (const line of numbered(14)) emit(line);
  expect(lost).toEqual({ queue_full: 4 });
  await sdk?.shutdown();
  expect(bodies()).toEqual(numbered(10));
});

test.each(['refuse', 'hang', '503'] as const)(
  'the log export counts the records that a receiver does not accept: %s',
  async (fault) => {
    const emit = await startSending();
    await receiver.fail(fault);
    for (const line of numbered(7)) emit(line);
    await expect.poll(() => lost, { timeout: 10_000 }).toEqual({ export_failed: 7 });

    await receiver.fail('off');
    emit('back again');
    await receiver.waitForLog(({ body }) => body === 'back again');
    expect(lost).toEqual({ export_failed: 7 });
  },
);

test('the log export sends the next batch while the receiver hangs on one', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '2000');
  const emit = await startSending({ maxExportBatchSize: 1, exportTimeoutMillis: 50 });
  await receiver.fail('hang');
  emit('hangs');
  await expect.poll(() => receiver.requests, { timeout: 10_000 }).toBe(1);
  await receiver.fail('off');
  emit('arrives');
  await receiver.waitForLog(({ body }) => body === 'arrives', 1500);
  expect(lost).toEqual({});
});
