import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

test.each([
  ['test:kubernetes', ['test/kubernetes/run.ts', '--nope'], "Unknown option '--nope'. Try --help."],
])('npm run %s refuses a mistake on its command line before any work, in one line', (_name, args, line) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 });
  expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '', stderr: `${line}\n` });
});
