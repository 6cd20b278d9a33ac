import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { descendants } from '../support/processes/npm-start-process.ts';
import { eventually, findTrace, stack, sumOf } from './backends.ts';
import { compose } from '../../lab/harness/compose-project.ts';
import { placeOrder } from './customer.ts';

/** Runs last, because the telemetry that it loses would be missing in the other files. */

type Part = 'otel-collector' | 'jaeger';

async function signal(part: Part, name: NodeJS.Signals): Promise<void> {
  // Not `docker compose pause`, which waits for ever when a health check starts at the same moment.
  if (stack.project !== undefined) {
    await compose(stack.project, ['kill', '--signal', name, part]);
    return;
  }
  const [pid] = await descendants(stack.native?.pid ?? 0, `${part}-`);
  if (pid !== undefined) process.kill(pid, name);
}

/** A frozen part accepts connections and never answers, which is worse than refusing them. */
const freeze = (part: Part) => signal(part, 'SIGSTOP');

const thaw = (part: Part) => signal(part, 'SIGCONT');

/** The launcher starts it again, but Docker does not: it takes the signal for the wish of a person. */
async function killAndRestart(part: Part): Promise<void> {
  await signal(part, 'SIGKILL');
  if (stack.project !== undefined) await compose(stack.project, ['start', part]);
}

afterAll(async () => {
  for (const part of ['otel-collector', 'jaeger'] as const) await thaw(part).catch(() => undefined);
});

test('a hanging Jaeger fails no request and gets its traces once it is back', async () => {
  await freeze('jaeger');
  // An order whose gateway fails once, because its trace is always kept.
  const { status, traceId } = await placeOrder('tok_error_once');
  expect(status).toBe(201);
  const waiting = await eventually(
    'trace that waits',
    async () => {
      const queued = await sumOf('otelcol_exporter_queue_size{exporter="otlp_grpc/jaeger"}');
      return queued > 0 ? queued : undefined;
    },
    90_000,
  );
  expect(waiting).toBeLessThanOrEqual(
    await sumOf('otelcol_exporter_queue_capacity{exporter="otlp_grpc/jaeger"}'),
  );
  expect((await placeOrder('tok_visa')).status).toBe(201);

  await thaw('jaeger');
  expect(await eventually('trace of that order', () => findTrace(traceId), 90_000)).toBeDefined();
});

const dropped = async () => {
  const response = await fetch(`${stack.adminUrl}/metrics`);
  const samples =
    (await response.text()).match(/^telemetry_dropped_total\{.*signal="traces".*\} \d+/gm) ?? [];
  return samples.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
};

test('a Collector that hangs and dies fails no request, and lost telemetry is counted', async () => {
  const before = await dropped();
  await freeze('otel-collector');
  const statuses: number[] = [];
  await eventually(
    'counted loss',
    async () => {
      statuses.push((await placeOrder('tok_visa')).status);
      await sleep(200);
      return (await dropped()) > before || undefined;
    },
    120_000,
  );
  expect(new Set(statuses)).toEqual(new Set([201]));

  await killAndRestart('otel-collector');
  // An order whose gateway fails once, because its trace is always kept.
  await eventually(
    'trace of an order after the restart',
    async () => {
      const { status, traceId } = await placeOrder('tok_error_once');
      expect(status).toBe(201);
      return eventually('trace', () => findTrace(traceId), 15_000).catch(() => undefined);
    },
    120_000,
  );
  await eventually('scrape of the new Collector', async () =>
    (await sumOf('up{job="otel-collector"}')) === 1 ? true : undefined,
  );
});
