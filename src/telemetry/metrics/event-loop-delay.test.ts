import { setTimeout as wait } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { observeEventLoop } from './event-loop-delay.ts';
import { createInstruments } from './instruments.ts';
import { createMetrics } from './metrics.ts';

const valueOf = (exposition: string, name: string) =>
  Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (.+)$`, 'm').exec(exposition)?.[1]);

async function block(milliseconds: number) {
  // The histogram measures from one of its timers to the next.
  await wait(50);
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
  await wait(50);
}

test('every scraper sees a block of the event loop, and none a delay of 292 years', async () => {
  const metrics = createMetrics();
  await block(300);
  for (const format of ['openmetrics', 'text', 'openmetrics'] as const) {
    const exposition = await metrics.render(format);
    expect(valueOf(exposition, 'max')).toBeGreaterThan(0.25);
    expect(valueOf(exposition, 'p99')).toBeGreaterThan(0.25);
    expect(valueOf(exposition, 'min')).toBeLessThan(1);
  }
});

test('a block of the event loop leaves the percentiles after two periods, and the longest delay after twelve', async () => {
  const registry = new Registry();
  const period = 300;
  observeEventLoop(createInstruments(registry), { period });
  await block(500);
  // On a busy machine other delays come after it, but none as long for long.
  const read = async (name: string) => valueOf(await registry.metrics(), name);
  await expect.poll(() => read('p99'), { timeout: 20_000 }).toBeLessThan(0.3);
  expect(await read('max')).toBeGreaterThan(0.45);
  await expect.poll(() => read('max'), { timeout: 20_000 }).toBeLessThan(0.3);
});
