import {
  appendFile,
  link,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startLogs } from '../harness/logs-process.ts';
import { line, type LogsScene, numbered, openLogsScene } from '../harness/logs-scene.ts';

/** Several starts of the program with one checkpoint: none forwards a line again, and none leaves one out. */

// Each test starts processes, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let scene: LogsScene;
let folder: string;
let file: string;
let checkpoint: string;
const soon = { timeout: 30_000 };

beforeEach(async () => {
  scene = await openLogsScene();
  ({ folder, file, checkpoint } = scene);
});

afterEach(() => scene[Symbol.asyncDispose]());

const start = (...args: string[]) => scene.start(...args);
const messages = () => scene.messages();

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

test('a file whose folder is not there yet at the start goes on where it was left', async () => {
  const mounted = path.join(folder, 'mounted');
  const inside = path.join(mounted, 'app.log');
  await mkdir(mounted);
  await writeFile(inside, line(1));
  await writeFile(file, line(2));
  await forwardOnce(inside);
  await rename(mounted, `${mounted}.later`);
  await using following = start(inside, file);
  // Files are read once all of them were looked for.
  await expect.poll(messages, soon).toEqual(numbered(1, 2));
  await rename(`${mounted}.later`, mounted);
  await appendFile(inside, line(3));
  await expect.poll(messages, soon).toContain('line 3');
  expect(messages()).toEqual(numbered(1, 2, 3));
  following.child.kill('SIGTERM');
  expect(await following.ended).toBe(0);
});

test('a renamed file with two names is read on under one of them', async () => {
  await writeFile(file, line(1));
  await forwardOnce(file);
  await appendFile(file, line(2));
  await rename(file, `${file}.1`);
  await link(`${file}.1`, `${file}.2`);
  await writeFile(file, line(3));
  await forwardOnce(file);
  expect(messages().toSorted()).toEqual(numbered(1, 2, 3));
});

test('--from end goes on after a restart at what was the end at the first start', async () => {
  await writeFile(file, line(1));
  {
    await using logs = start(file, '--from', 'end');
    await expect.poll(() => readFile(checkpoint, 'utf8').catch(() => ''), soon).toContain('app.log');
    logs.child.kill('SIGTERM');
    expect(await logs.ended).toBe(0);
  }
  await appendFile(file, line(2));
  await using again = start(file, '--from', 'end');
  await expect.poll(messages, soon).toEqual(numbered(2));
  again.child.kill('SIGTERM');
  expect(await again.ended).toBe(0);
});
