import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeFork } from './fork.ts';
import { forkNames } from './names.ts';
import { parts } from './parts.ts';

test('a fork names the experiment that it does not know, and runs none of those beside it', {
  timeout: 60_000,
}, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'fork-'));
  try {
    const target = path.join(folder, 'unknown-experiment');
    const names = forkNames({ name: 'front-desk', resource: 'reservation' });
    const without = Object.keys(parts).filter((part) => part !== 'chaos' && part !== 'bench');
    await makeFork(target, { names, without, license: 'UNLICENSED', holder: '' });
    await symlink(path.resolve('node_modules'), path.join(target, 'node_modules'));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['lab/chaos/main.ts', 'upstream-down', 'postgers', '--seconds', '0.1'],
      { cwd: target, encoding: 'utf8', timeout: 20_000 },
    );
    expect(stderr).toBe('No experiment begins with "postgers". Try --list.\n');
    expect(stdout).toBe('');
    expect(status).toBe(1);
  } finally {
    await rm(folder, { recursive: true });
  }
});
