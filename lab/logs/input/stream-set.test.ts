import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { quickWaits, startLogs } from '../../harness/logs-process.ts';
import { line, openLogsScene } from '../../harness/logs-scene.ts';

/** Standard input, as a shell gives it to the program. */

// Each test starts processes, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const entry = path.join(import.meta.dirname, '../main.ts');

test('a folder as standard input is named', async () => {
  await using folder = await open(import.meta.dirname, 'r');
  const logs = spawn(process.execPath, [entry, '-', '--count'], { stdio: [folder.fd, 'ignore', 'pipe'] });
  const [said, [code]] = await Promise.all([text(logs.stderr ?? Readable.from([])), once(logs, 'close')]);
  expect([code, said]).toEqual([
    1,
    'Standard input is a folder. Name the files in it, such as "folder/*.log".\n',
  ]);
});

test('a file that the lines are written to is refused as standard input', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-logs-input-'));
  const file = path.join(folder, 'app.log');
  await writeFile(file, '{"level":"info"}\n');
  await using both = await open(file, 'a+');
  const logs = spawn(process.execPath, [entry, '-', '--to', 'stdout'], {
    stdio: [both.fd, both.fd, 'pipe'],
    timeout: 60_000,
  });
  const [said, [code]] = await Promise.all([text(logs.stderr ?? Readable.from([])), once(logs, 'close')]);
  expect([code, said]).toEqual([1, 'Standard input is the file that the lines are written to.\n']);
  expect(await readFile(file, 'utf8')).toBe('{"level":"info"}\n');
  await rm(folder, { recursive: true });
});

test('SIGTERM says of every line that has arrived by standard input whether it is lost', async () => {
  await using scene = await openLogsScene();
  await scene.receiver.fail('refuse');
  await using logs = startLogs(['-', '--to', scene.receiver.url], {
    ...quickWaits,
    LOGS_BATCH_SIZE: '10',
    LOGS_IN_FLIGHT: '1',
    LOGS_SHUTDOWN_DEADLINE: '200ms',
  });
  const numbers = Array.from({ length: 500 }, (_, number) => number);
  logs.child.stdin?.write(numbers.map(line).join(''));
  await expect.poll(() => logs.said(), { timeout: 30_000 }).toContain('does not accept');
  logs.child.kill('SIGTERM');
  expect(await logs.ended).toBe(1);
  expect(logs.said()).toContain('500 lines were not accepted in time, those of standard input are lost.');
});

test('SIGTERM before the end of what is read once is no success', async () => {
  await using scene = await openLogsScene();
  await scene.receiver.fail('refuse');
  await writeFile(scene.file, line(1));
  await using logs = startLogs(
    [scene.file, '--once', '--to', scene.receiver.url, '--checkpoint', scene.checkpoint],
    { ...quickWaits, LOGS_SHUTDOWN_DEADLINE: '200ms' },
  );
  await expect.poll(() => logs.said(), { timeout: 30_000 }).toContain('does not accept');
  logs.child.kill('SIGTERM');
  expect(await logs.ended).toBe(1);
  expect(logs.said()).toContain('1 line was not accepted in time; the next start forwards them.');
});

test('SIGTERM in the middle of a file that is read once says so', async () => {
  await using scene = await openLogsScene();
  await writeFile(scene.file, line(1).repeat(200_000));
  await using logs = startLogs([scene.file, '--once', '--to', 'stdout', '--checkpoint', scene.checkpoint], {
    ...quickWaits,
    LOGS_IN_FLIGHT: '1',
    LOGS_SHUTDOWN_DEADLINE: '200ms',
  });
  await once(logs.child.stdout ?? logs.child, 'readable');
  logs.child.stdout?.pause();
  logs.child.kill('SIGTERM');
  const exited = once(logs.child, 'exit');
  expect(await exited).toEqual([1, null]);
  logs.child.stdout?.resume();
  await logs.ended;
  expect(logs.said()).toContain('Stopped before the end of what was to be read.');
});
