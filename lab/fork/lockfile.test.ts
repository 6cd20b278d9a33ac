import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { forkFiles } from './fork.ts';
import { forkNames } from './names.ts';
import { parts } from './parts.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fork-lockfile-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  { fork: 'with all parts', without: [] },
  { fork: 'without any', without: Object.keys(parts) },
  { fork: 'without spans by instrumentations', without: ['auto-instrumentation'] },
  { fork: 'without dashboards and console', without: ['stack', 'console'] },
])('npm install leaves the lockfile of a fork $fork as it is', async ({ without }) => {
  const names = forkNames({ name: 'front-desk', resource: 'parcel' });
  const files = await forkFiles({ names, without, license: 'UNLICENSED', holder: '' });
  for (const file of ['package.json', 'package-lock.json', '.npmrc'])
    writeFileSync(path.join(folder, file), files.get(file) ?? '');
  execFileSync('npm', ['install', '--package-lock-only', '--offline', '--ignore-scripts'], {
    cwd: folder,
    stdio: 'pipe',
  });
  expect(readFileSync(path.join(folder, 'package-lock.json'), 'utf8')).toBe(files.get('package-lock.json'));
  expect(readFileSync(path.join(folder, 'package.json'), 'utf8')).toBe(files.get('package.json'));
});
