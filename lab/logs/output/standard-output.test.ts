import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
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
