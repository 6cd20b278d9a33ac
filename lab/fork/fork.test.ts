import { execFileSync } from 'node:child_process';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { makeFork } from './fork.ts';
import { forkNames } from './names.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fork-'));
afterAll(() => rmSync(folder, { recursive: true }));

const names = forkNames({ name: 'front-desk', resource: 'reservation' });
const options = { names, without: [], license: 'UNLICENSED', holder: '' } as const;

describe('a fork', { timeout: 120_000 }, () => {
  const target = path.join(folder, 'front-desk');

  test('a fork has one commit, and its core compiles with another domain', async () => {
    await makeFork(target, options);
    const commits = execFileSync('git', ['rev-list', '--count', 'HEAD'], { cwd: target, encoding: 'utf8' });
    expect(commits.trim()).toBe('1');
    symlinkSync(path.resolve('node_modules'), path.join(target, 'node_modules'));
    const compiled = execFileSync('node_modules/.bin/tsc', { cwd: target, encoding: 'utf8' });
    expect(compiled).toBe('');
  });

  test('no word of orders, payments, tea or benchmarks is left in a fork', () => {
    const files = globSync(['**/*', '.*'], { cwd: target, exclude: ['node_modules/**', '.git/**'] }).filter(
      (file) =>
        /\.\w+$|Dockerfile/.test(file) && !/^(?:NOTICE|package-lock\.json|src\/privacy\/.*)$/.test(file),
    );
    expect(files.length).toBeGreaterThan(150);
    const sequence =
      /order by|in (?:reverse |their |any |this )?order\b|(?:the|any|their|this) order\b|order: 'ipv4first'/gi;
    const left = files
      .filter((file) => !existsSync(path.join(target, file, '.')))
      .flatMap((file) =>
        readFileSync(path.join(target, file), 'utf8')
          .split('\n')
          .filter((line) =>
            /\borders?\b|order_|payment|\btea\b|bench|\bbookings?\b|frontdesk/i.test(
              line.replaceAll(sequence, ''),
            ),
          )
          .map((line) => `${file}: ${line.trim()}`),
      );
    expect(left).toEqual([]);
  });

  test('a fork is not written into a folder that is not empty, and nothing is left of the try', async () => {
    const full = path.join(folder, 'full');
    mkdirSync(full);
    writeFileSync(path.join(full, 'mine.txt'), 'mine');
    await expect(makeFork(full, options)).rejects.toThrow(`${full} is not empty`);
    await expect(makeFork(path.join(folder, 'x'), { ...options, without: ['nothing'] })).rejects.toThrow(
      'There is no part "nothing"',
    );
    expect(globSync('*', { cwd: full })).toEqual(['mine.txt']);
    expect(existsSync(path.join(folder, 'x'))).toBe(false);
  });
});

test.each([
  [{ name: 'Front Desk', resource: 'reservation' }, 'The name "Front Desk" will not do'],
  [{ name: 'desk', resource: 'table' }, 'is a reserved word of SQL'],
  [{ name: 'desk', resource: 'seat-2' }, 'The resource "seat-2" will not do'],
  [{ name: 'desk', resource: 'child' }, 'say --plural'],
  [{ name: 'desk', resource: 'class' }, 'is a reserved word of TypeScript'],
  [{ name: 'desk', resource: 'status' }, 'already names a part of the service'],
])('the names %j are refused in one line', (given, message) => {
  expect(() => forkNames(given)).toThrow(message);
});

test('a plural follows the rule, or is the one that is given', () => {
  expect(forkNames({ name: 'a', resource: 'delivery' }).plural).toBe('deliveries');
  expect(forkNames({ name: 'a', resource: 'child', plural: 'children' }).plural).toBe('children');
});
