import { expect, test } from 'vitest';
import { type OtlpGrpcReceiver, startOtlpGrpcReceiver } from '../../lab/harness/otlp-grpc-receiver.ts';
import { traceIdOf } from '../support/clients/trace-context.ts';
import { eachWithTracedService, type TracedService, valueOf } from '../support/processes/traced-service.ts';

const spawn = eachWithTracedService();

const overGrpc = ({ url }: OtlpGrpcReceiver) => ({
  OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
  OTEL_LOGS_EXPORTER: 'otlp',
  OTEL_BSP_SCHEDULE_DELAY: '50',
  OTEL_BLRP_SCHEDULE_DELAY: '50',
});

const spansOfOrder = 6;

/** What was lost so far, by signal and reason, without what was not. */
async function lost(service: TracedService): Promise<Record<string, number>> {
  const { samples } = await service.scrape();
  return Object.fromEntries(
    samples
      .filter(({ name, value }) => name === 'telemetry_dropped_total' && value > 0)
      .map(({ labels, value }) => [`${labels['signal']} ${labels['reason']}`, value]),
  );
}

test('what a receiver over gRPC rejects or refuses is counted by its reason, and the first loss is told', async () => {
  await using receiver = await startOtlpGrpcReceiver();
  const service = await spawn(overGrpc(receiver));
  const { headers } = await service.api.place();
  const traceId = traceIdOf(headers);
  const ofTrace = () => receiver.spans.filter((span) => span.traceId === traceId);
  await expect.poll(ofTrace, { timeout: 20_000 }).toHaveLength(spansOfOrder);
  const ofOrder = () => receiver.logs.filter((log) => log.traceId === traceId);
  await expect.poll(ofOrder, { timeout: 20_000 }).not.toEqual([]);
  expect(await lost(service)).toEqual({});

  // The order is one batch or two, of each of which one item is lost.
  receiver.answer = { kind: 'rejects', items: 1, reason: 'the tenant is over its quota' };
  await service.api.place();
  await expect
    .poll(() => lost(service), { timeout: 20_000 })
    .toEqual({ 'traces rejected': expect.any(Number), 'logs rejected': expect.any(Number) });
  const complaint = await service.line('telemetry.failed', 'level', 'warn');
  expect(complaint['msg']).toMatch(
    /^telemetry: the receiver rejected 1 of \d+ (spans|log records): the tenant is over its quota$/,
  );

  // 7 is PERMISSION_DENIED: https://grpc.io/docs/guides/status-codes/
  receiver.answer = { kind: 'fails', status: 7, reason: 'no such tenant' };
  await service.api.place();
  const failed = async (signal: string) =>
    valueOf(await service.scrape(), 'telemetry_dropped_total', { signal, reason: 'export_failed' });
  await expect.poll(() => failed('traces'), { timeout: 20_000 }).toBeGreaterThanOrEqual(spansOfOrder);
  await expect.poll(() => failed('logs'), { timeout: 20_000 }).toBeGreaterThan(0);
  expect(service.process.complaints()).toBe('');
});

test('what finds no receiver over gRPC is counted and told with its number, and the service answers as ever', async () => {
  const gone = await startOtlpGrpcReceiver();
  await gone[Symbol.asyncDispose]();
  const service = await spawn(overGrpc(gone));
  const before = (await lost(service))['traces export_failed'] ?? 0;
  expect((await service.api.place()).status).toBe(201);
  await expect
    .poll(async () => (await lost(service))['traces export_failed'] ?? 0, { timeout: 20_000 })
    .toBeGreaterThanOrEqual(before + spansOfOrder);
  const complaint = await service.line('telemetry.failed', 'level', 'warn');
  expect(complaint['msg']).toMatch(/^telemetry: \d+ (spans|log records) could not be sent: 14 UNAVAILABLE: /);
  expect(await service.process.stop()).toEqual({ code: 0, signal: null });
  expect(service.process.complaints()).toBe('');
});
