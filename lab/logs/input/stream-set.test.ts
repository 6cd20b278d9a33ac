import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
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
