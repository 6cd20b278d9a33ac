import { describe, expect, test } from 'vitest';
import { printSpanTrees } from '../../lab/harness/span-tree.ts';
import {
  samplesOf,
  eachWithTracedService,
  type TracedService,
  valueOf,
} from '../support/processes/traced-service.ts';
import { hiccup, timed } from '../support/clients/timing.ts';
import { traceIdOf } from '../support/clients/trace-context.ts';

// A fault of the telemetry backend never affects the service.

const spawn = eachWithTracedService();

/** The number of responses by status, and the longest response time in milliseconds. */
async function placeMany({ api }: TracedService, count: number) {
  const statuses: Record<number, number> = {};
  let longest = 0;
  const queue = Array.from({ length: count }).values();
  const lanes = Array.from({ length: 8 }, async () => {
    for (const _ of queue) {
      const { result, took } = await timed(() => api.place());
      statuses[result.status] = (statuses[result.status] ?? 0) + 1;
      longest = Math.max(longest, took);
    }
  });
  await Promise.all(lanes);
  return { statuses, longest };
}

/** A sixth of the spans of 200 orders, and timeouts short enough for a test. */
const smallQueue = {
  OTEL_BSP_MAX_QUEUE_SIZE: '200',
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '50',
  OTEL_BSP_EXPORT_TIMEOUT: '1000',
  OTEL_EXPORTER_OTLP_TIMEOUT: '500',
};
const megabyte = 2 ** 20;

describe.each(['refuse', 'hang', 'slow', '503'] as const)('a receiver with the fault %s', (fault) => {
  test('a faulty receiver delays no request; lost spans are counted, and later ones arrive once it recovers', async () => {
    const service = await spawn(smallQueue);
    await placeMany(service, 50);
    const before = await service.scrape();
    await service.receiver.fail(fault);
    const { statuses, longest } = await placeMany(service, 200);

    expect(statuses).toEqual({ 201: 200 });
    // No request waits for the receiver: the slow one alone takes a second.
    expect(longest).toBeLessThan(hiccup);
    const dropped = async () =>
      valueOf(await service.scrape(), 'telemetry_dropped_total', { signal: 'traces' });
    await expect.poll(dropped, { timeout: 10_000 }).toBeGreaterThan(0);
    const grownBy =
      valueOf(await service.scrape(), 'process_resident_memory_bytes') -
      valueOf(before, 'process_resident_memory_bytes');
    expect(grownBy).toBeLessThan(128 * megabyte);
    const complaint = await service.line('telemetry.failed', 'level', 'warn');
    expect(complaint['msg']).toMatch(/^telemetry: /);

    await service.receiver.fail('off');
    // Spans queued before go first, and may leave no room for those of the first order.
    const arrived = async () => {
      const { headers } = await service.api.place();
      return service.receiver.waitForTrace(traceIdOf(headers), 6, 1000).catch(() => undefined);
    };
    await expect.poll(arrived, { timeout: 20_000 }).toBeDefined();
    // One line for any number of failed batches.
    expect(service.lines('telemetry.failed')).toHaveLength(1);
    expect(service.process.complaints()).toBe('');
  });
});

describe('at shutdown', () => {
  test('a service at shutdown exports its queued spans, those of the last order included', async () => {
    const service = await spawn({ OTEL_BSP_SCHEDULE_DELAY: '60000' });
    const { headers } = await service.api.place();
    expect(service.receiver.spans).toEqual([]);

    expect(await service.process.stop()).toEqual({ code: 0, signal: null });
    const last = service.receiver.trace(traceIdOf(headers));
    expect(printSpanTrees(last)).toMatch(/^POST \/orders \[SERVER\]\n {2}orders.place/);
    expect(last[0]?.children[0]?.children).toHaveLength(3);
  });

  test.each(['refuse', 'hang', '503'] as const)(
    'a service at shutdown does not wait for a receiver with the fault %s',
    async (fault) => {
      const service = await spawn();
      await service.receiver.fail(fault);
      await service.api.place();
      const { result, took } = await timed(() => service.process.stop());

      expect(result).toEqual({ code: 0, signal: null });
      expect(took).toBeLessThan(5000 + hiccup);
      expect(service.process.complaints()).toBe('');
    },
  );
});

describe('OTEL_LOG_LEVEL', () => {
  const failsToSend = async (OTEL_LOG_LEVEL: string) => {
    const service = await spawn({ ...smallQueue, OTEL_LOG_LEVEL });
    await service.receiver.fail('refuse');
    await service.api.place();
    const failed = { signal: 'traces', reason: 'export_failed' };
    await expect
      .poll(async () => valueOf(await service.scrape(), 'telemetry_dropped_total', failed), {
        timeout: 10_000,
      })
      .toBeGreaterThan(0);
    return service;
  };

  test('OTEL_LOG_LEVEL=error lets the complaint about the exporter through as a log line', async () => {
    const service = await failsToSend('error');
    await service.line('telemetry.failed', 'level', 'warn');
    expect(service.process.complaints()).toBe('');
  });

  test('OTEL_LOG_LEVEL=none suppresses the complaint about the exporter', async () => {
    const service = await failsToSend('none');
    await service.process.stop();
    expect(service.lines('telemetry.failed')).toEqual([]);
    expect(service.process.complaints()).toBe('');
  });
});

test('the series of telemetry_dropped_total exist before the first loss', async () => {
  const service = await spawn();
  const series = samplesOf(await service.scrape(), 'telemetry_dropped_total').map(
    ({ labels, value }) => `${labels['signal']} ${labels['reason']} ${value}`,
  );
  expect(series).toEqual(expect.arrayContaining(['traces queue_full 0', 'traces export_failed 0']));
});
