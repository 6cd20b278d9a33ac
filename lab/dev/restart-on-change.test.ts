import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startChild } from './child.ts';
import { restartOnChange } from './restart-on-change.ts';

const program = (version: number): string =>
  `process.send?.({ version: ${version} }); process.once('SIGTERM', () => process.exit());`;

test('restartOnChange restarts a child after each change, even after a broken one', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'restart-'));
  const file = path.join(folder, 'main.ts');
  await writeFile(file, program(1));

  const versions: unknown[] = [];
  const said: string[] = [];
  const start = async () => {
    const child = await startChild({ name: 'The program', args: [file], env: {}, onLine: () => undefined });
    versions.push(child.announced['version']);
    return child;
  };
  const running = restartOnChange(await start(), { folder, start, say: (text) => said.push(text) });
  try {
    await writeFile(file, program(2));
    await expect.poll(() => versions, { timeout: 20_000 }).toEqual([1, 2]);
    await writeFile(file, 'process.exit(3)');
    await expect
      .poll(() => said.at(-1), { timeout: 20_000 })
      .toBe('The program has ended, with exit code 3.\nWaiting for a change.');
    await writeFile(file, program(3));
    await expect.poll(() => versions, { timeout: 20_000 }).toEqual([1, 2, 3]);
  } finally {
    await running.stop();
    await rm(folder, { recursive: true });
  }
});
