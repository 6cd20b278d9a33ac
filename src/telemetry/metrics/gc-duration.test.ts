import { PerformanceObserver } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { createMetrics } from './metrics.ts';

test('nodejs_gc_duration_seconds counts every collection of garbage that Node reports together', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const metrics = createMetrics();
  const reported: number[] = [];
  const observer = new PerformanceObserver((list) => reported.push(list.getEntries().length));
  observer.observe({ entryTypes: ['gc'] });
  onTestFinished(() => observer.disconnect());

  for (let round = 0; round < 5; round += 1) collect();
  await expect.poll(() => reported.length).toBeGreaterThan(0);
  expect(Math.max(...reported)).toBeGreaterThan(1);
  const counted = async () => {
    const samples = (await metrics.render('text')).matchAll(
      /^nodejs_gc_duration_seconds_count\{.*\} (\d+)$/gm,
    );
    return [...samples].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  await expect.poll(counted).toBeGreaterThanOrEqual(5);
});
