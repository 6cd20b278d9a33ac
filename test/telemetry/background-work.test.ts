import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { spawnTracedService } from '../support/processes/traced-service.ts';

const patiently = { timeout: 20_000 };

test('what outlives a request runs outside of its context, and is logged without its ids', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'late-work-'));
  const file = path.join(folder, 'late.json');
  await using traced = await spawnTracedService({
    NODE_OPTIONS: '--import ./test/support/processes/late-work.ts',
    LATE_WORK_FILE: file,
    LOG_LEVEL: 'debug',
    OTEL_TRACES_SAMPLER: 'always_on',
    // Nobody listens there, so that an export fails.
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_BSP_SCHEDULE_DELAY: '700',
    OTEL_BLRP_SCHEDULE_DELAY: '700',
    OTEL_EXPORTER_OTLP_TIMEOUT: '300',
    PAYMENT_MAX_ATTEMPTS: '1',
    PAYMENT_PAUSE_MAX: '1s',
    BREAKER_VOLUME: '2',
    BREAKER_OPEN_FOR: '2s',
  });
  const { api, gateway, process: service } = traced;
  // The first request opens the connections to Postgres and to the gateway.
  expect((await api.place()).status).toBe(201);
  await gateway.setFaults({ errorRate: 1 });
  for (let failed = 0; failed < 4; failed += 1) await api.place();
  const opened = await traced.line('circuit_breaker.changed', 'to', 'open');
  expect(opened).toMatchObject({ trace_id: expect.any(String), request_id: expect.any(String) });
  const requests = () => traced.lines('http.request').length;
  // One more than orders: the client of the tests reads the OpenAPI document first.
  await expect.poll(requests, patiently).toBe(6);

  service.child.kill('SIGUSR2');
  const halfOpen = await traced.line('circuit_breaker.changed', 'to', 'half_open');
  const failure = await traced.line('telemetry.failed', 'level', 'warn');

  await gateway.setFaults({ errorRate: 0, rateLimitRate: 1, retryAfterSeconds: 30 });
  await api.place();
  const paused = await traced.line('payment.paused', 'learned', 'here');
  expect(paused).toMatchObject({ trace_id: expect.any(String) });
  const resumed = await traced.line('payment.resumed', 'level', 'info');
  for (const line of [halfOpen, failure, resumed]) {
    expect(line).not.toHaveProperty('trace_id');
    expect(line).not.toHaveProperty('request_id');
  }
  await service.stop();
  const found = JSON.parse(await readFile(file, 'utf8')) as string[];
  // Node forgets the text of its Date header once a second. It runs nothing else.
  // undici has one timer for the deadlines of all connections. Whichever request finds it at rest starts it.
  const isShared = (stack: string) =>
    stack.includes('at utcDate (node:internal/http') ||
    (stack.includes('at refreshTimeout (') && stack.includes('undici/lib/util/timers.js'));
  const late = found.filter((stack) => !isShared(stack));
  await rm(folder, { recursive: true });
  expect(late).toEqual([]);
});
