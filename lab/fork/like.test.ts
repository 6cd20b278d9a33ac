import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';

/** `npm run fork -- --like`: what is said counts before what the fork that is there has. */

const folder = mkdtempSync(path.join(tmpdir(), 'fork-like-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Makes a fork like one that says this of itself. */
function forkLike(had: object, ...said: string[]) {
  const like = mkdtempSync(path.join(folder, 'like-'));
  const made = { service: 'desk', resource: 'child', plural: 'children', without: [], ...had };
  writeFileSync(path.join(like, '.fork.json'), JSON.stringify(made));
  const target = path.join(like, 'made');
  execFileSync(process.execPath, ['lab/fork/main.ts', target, '--like', like, ...said], { stdio: 'pipe' });
  const read = (file: string) => readFileSync(path.join(target, file), 'utf8');
  return { answers: JSON.parse(read('.fork.json')) as unknown, read };
}

const patience = { timeout: 60_000 };

test('a fork gets a licence, another resource, and leaves its worker out', patience, () => {
  const said = ['--license', 'MIT', '--resource', 'parcel', '--no-worker', '--without', 'console'];
  const { answers, read } = forkLike({}, ...said);
  expect(answers).toMatchObject({ resource: 'parcel', plural: 'parcels', without: ['console', 'worker'] });
  expect(read('LICENSE')).toContain(`Copyright (c) ${new Date().getFullYear()} the authors of desk\n`);
});

test('a fork gets the worker that it left out, loses its holder, and keeps the rest', patience, () => {
  const had = { without: ['worker', 'redis'], license: 'MIT', holder: 'A. Person' };
  const { answers, read } = forkLike(had, '--outbox', '--resource', 'child', '--holder', '');
  expect(answers).toMatchObject({ resource: 'child', plural: 'children', without: ['redis'] });
  expect(read('LICENSE')).toContain(' the authors of desk\n');
});
