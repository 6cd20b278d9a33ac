import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';

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
