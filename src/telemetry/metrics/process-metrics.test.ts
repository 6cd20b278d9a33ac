import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createInstruments } from './instruments.ts';
import { observeProcess } from './process-metrics.ts';

function setUp() {
  const registry = new Registry();
  observeProcess(createInstruments(registry));
  return async (name: string): Promise<number | undefined> => {
    const [, value] = new RegExp(String.raw`^${name} (\S+)$`, 'm').exec(await registry.metrics()) ?? [];
    return value === undefined ? undefined : Number(value);
  };
}

describe('the metrics of the process and its host', () => {
  test.runIf(os.platform() === 'linux')('process_disk_* equal the bytes that the kernel counts', async () => {
    const valueOf = setUp();
    await writeThrough(1_048_576);
    for (const [metric, field] of [
      ['process_disk_read_bytes_total', 'read_bytes'],
      ['process_disk_written_bytes_total', 'write_bytes'],
    ] as const) {
      const before = await kernelCount(field);
      const value = await valueOf(metric);
      // The metric counts blocks of 512 bytes.
      expect(value).toBeGreaterThan(before - 512);
      expect(value).toBeLessThanOrEqual(await kernelCount(field));
    }
  });

  test('system_cpu_utilization_ratio rises while a test keeps a processor busy', async () => {
    const valueOf = setUp();
    const end = performance.now() + 300;
    while (performance.now() < end);
    const utilization = await valueOf('system_cpu_utilization_ratio');
    // This loop keeps one processor busy. If another process takes that processor, it is busy all the same.
    expect(utilization).toBeGreaterThan(0.25 / os.cpus().length);
    expect(utilization).toBeLessThanOrEqual(1);
  });

  test('system_cpu_utilization_ratio stays a ratio over scrapes in quick succession', async () => {
    const valueOf = setUp();
    await new Promise((resolve) => void setTimeout(resolve, 50));
    for (let scrape = 0; scrape < 20; scrape += 1) {
      const utilization = await valueOf('system_cpu_utilization_ratio');
      expect(utilization).toBeGreaterThanOrEqual(0);
      expect(utilization).toBeLessThanOrEqual(1);
    }
  });

  test('system_memory_used_bytes is positive and below the memory of the host', async () => {
    const used = await setUp()('system_memory_used_bytes');
    expect(used).toBeGreaterThan(0);
    expect(used).toBeLessThan(os.totalmem());
  });
});

async function kernelCount(field: string): Promise<number> {
  const [, bytes] = new RegExp(`^${field}: (\\d+)$`, 'm').exec(await readFile('/proc/self/io', 'utf8')) ?? [];
  return Number(bytes);
}

async function writeThrough(bytes: number): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'process-metrics-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await using file = await open(path.join(folder, 'file'), 'w');
  await file.writeFile(Buffer.alloc(bytes));
  await file.sync();
}
