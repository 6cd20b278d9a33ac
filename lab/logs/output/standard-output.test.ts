import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { quickWaits, startLogs } from '../../harness/logs-process.ts';

/** `--to stdout`, as a user pipes it on. */

// Each test starts processes, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
let file: string;
let checkpoint: string;
const soon = { timeout: 30_000 };

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'orders-logs-output-'));
  file = path.join(folder, 'app.log');
  checkpoint = path.join(folder, 'checkpoint.json');
});

afterEach(() => rm(folder, { recursive: true }));

const start = (args: string[], settings: Record<string, string> = {}) =>
  startLogs([...args, '--to', 'stdout', '--checkpoint', checkpoint], { ...quickWaits, ...settings });

test('SIGTERM ends the program while its reader stands still, and says what was not written', async () => {
  await writeFile(file, `{"message":"${'x'.repeat(1000)}"}\n`.repeat(10_000));
  await using logs = start([file], { LOGS_IN_FLIGHT: '2', LOGS_SHUTDOWN_DEADLINE: '200ms' });
  logs.child.stdout?.pause();
  const status = async (): Promise<unknown> => await (await fetch(`${await logs.url}/status`)).json();
  await expect.poll(status, soon).toMatchObject({ lag: { isWaiting: true } });
  const exited = once(logs.child, 'exit');
  logs.child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  logs.child.stdout?.resume();
  await logs.ended;
  expect(logs.said()).toMatch(/\d+ lines were not accepted in time; the next start forwards them\./);
});

test('a line that is read in pieces is passed on as one, without the lines of another file', async () => {
  const other = path.join(folder, 'other.log');
  await writeFile(file, `${'x'.repeat(700_000)}\nshort\n`);
  await writeFile(other, 'of another file\n');
  await using logs = start([file, other, '--once']);
  expect(await logs.ended).toBe(0);
  expect(logs.output()).toBe((await readFile(file, 'utf8')) + (await readFile(other, 'utf8')));
});

test('a long line whose rest is missing ends before the line of another file', async () => {
  const other = path.join(folder, 'other.log');
  await writeFile(file, 'x'.repeat(1500));
  await writeFile(other, '');
  await using logs = start([file, other], { LOGS_LONGEST_LINE: '1000', LOGS_LINE_WAIT: '1h' });
  await expect.poll(() => logs.output(), soon).toBe('x'.repeat(1000));
  await appendFile(other, 'of another file\n');
  await expect.poll(() => logs.output(), soon).toBe(`${'x'.repeat(1000)}\nof another file\n`);
  await appendFile(file, '\n');
  await expect
    .poll(() => logs.output(), soon)
    .toBe(`${'x'.repeat(1000)}\nof another file\n${'x'.repeat(500)}\n`);
});
