import { appendFile, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startLogs } from '../harness/logs-process.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../harness/otlp-receiver.ts';

/** Several starts of the program with one checkpoint: none forwards a line again, and none leaves one out. */

// Each test starts processes, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
let receiver: OtlpReceiver;
let file: string;
let checkpoint: string;
const soon = { timeout: 30_000 };

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'orders-logs-checkpoint-'));
  file = path.join(folder, 'app.log');
  checkpoint = path.join(folder, 'checkpoint.json');
  receiver = await startOtlpReceiver();
});

afterEach(async () => {
  await receiver[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const line = (number: number): string => `{"level":"info","service":"orders","message":"line ${number}"}\n`;
const start = (...args: string[]) => startLogs([...args, '--to', receiver.url, '--checkpoint', checkpoint]);
const messages = (): string[] => receiver.logs.map(({ body }) => (typeof body === 'string' ? body : ''));
const numbered = (...numbers: number[]): string[] => numbers.map((number) => `line ${number}`);

async function forwardOnce(...args: string[]): Promise<void> {
  await using logs = start('--once', ...args);
  expect([await logs.ended, logs.said()]).toEqual([0, expect.stringContaining('Read')]);
}

/** The files that a process has open. */
async function openFilesOf(pid: number | undefined): Promise<string[]> {
  const descriptors = `/proc/${pid}/fd`;
  const names = await readdir(descriptors);
  return await Promise.all(names.map((name) => readlink(path.join(descriptors, name)).catch(() => '')));
}

test('lines that were only counted are forwarded later', async () => {
  await writeFile(file, line(1));
  await forwardOnce(file);
  await appendFile(file, line(2));
  const rotated = `${file}.1`;
  await writeFile(rotated, line(3));
  {
    await using counting = startLogs([`${file}*`, '--count', '--checkpoint', checkpoint]);
    const { pid } = counting.child;
    const metrics = async () => await (await fetch(`${await counting.url}/metrics`)).text();
    await expect.poll(metrics, soon).toContain('log_lines_total{service="orders",level="info"} 2');
    await rm(rotated);
    await expect.poll(async () => (await openFilesOf(pid)).join(), soon).not.toContain(rotated);
    counting.child.kill('SIGTERM');
    expect(await counting.ended).toBe(0);
  }
  await forwardOnce(file);
  expect(messages()).toEqual(numbered(1, 2));
});

test('a start with one file leaves the positions of others as they are, and their lines alone', async () => {
  const other = path.join(folder, 'other.log');
  await writeFile(file, line(1));
  await writeFile(other, line(2));
  await forwardOnce(file);
  await appendFile(file, line(3));
  await forwardOnce(other);
  expect(messages()).toEqual(numbered(1, 2));
  await forwardOnce(file);
  expect(messages()).toEqual(numbered(1, 2, 3));
  await forwardOnce(other);
  await forwardOnce(file);
  expect(messages()).toEqual(numbered(1, 2, 3));
});
