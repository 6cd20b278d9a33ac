import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { forkFiles, makeFork } from './fork.ts';
import { forkNames } from './names.ts';
import { answersOf } from './provenance.ts';
import { explained, makeDraft } from './target.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fork-refusals-'));
afterAll(() => rmSync(folder, { recursive: true }));

const options = {
  names: forkNames({ name: 'desk', resource: 'parcel' }),
  without: [],
  license: 'UNLICENSED',
  holder: '',
} as const;
const file = path.join(folder, 'file');
writeFileSync(file, '');
symlinkSync(process.cwd(), path.join(folder, 'link'));
symlinkSync(path.join(folder, 'nowhere'), path.join(folder, 'dangling'));

test.each([
  ['inside this repository', path.resolve('fork'), 'is inside this repository'],
  ['inside this repository by a link', path.join(folder, 'link/fork'), 'is inside this repository'],
  ['that is a file', file, 'is not a folder'],
  ['that is a link which leads nowhere', path.join(folder, 'dangling'), 'is not a folder'],
  ['below a file', path.join(file, 'a/b'), 'a file is where a folder above it should be'],
  ['with too long a name', path.join(folder, 'a'.repeat(300)), 'its name is too long'],
])('a target %s is refused, and nothing is made', async (_what, target, message) => {
  const before = readdirSync(folder);
  await expect(makeFork(target, options)).rejects.toThrow(message);
  expect(readdirSync(folder)).toEqual(before);
  expect(existsSync(path.resolve('fork'))).toBe(false);
});

test.each([
  ['EACCES', 'you may not write there'],
  ['EROFS', 'it is on a file system that is read-only'],
  ['ENOSPC', 'the disk is full'],
])('a fault of the file system is told in one line: %s', (code, message) => {
  const fault = Object.assign(new Error(code), { code });
  expect(explained(fault, '/x')).toMatchObject({
    name: 'ForkError',
    message: `/x cannot be written: ${message}.`,
  });
});

test('a command that is given up while it writes leaves nothing behind', { timeout: 60_000 }, async () => {
  const above = path.join(folder, 'new');
  const args = ['lab/fork/main.ts', path.join(above, 'desk'), '--name', 'desk', '--resource', 'parcel'];
  const command = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  command.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const exit = once(command, 'exit');
  await expect.poll(() => existsSync(above) && readdirSync(above).length, { timeout: 30_000 }).toBe(1);
  command.kill('SIGINT');
  expect(await exit).toEqual([130, null]);
  expect(said).toBe('Given up: nothing is made.\n');
  expect(existsSync(above)).toBe(false);
});

test('a fork that is given up leaves one beside it alone, in a folder that the first one made', async () => {
  const above = path.join(folder, 'deep/new');
  const given = await makeDraft(path.join(above, 'a'));
  const other = await makeDraft(path.join(above, 'b'));
  writeFileSync(path.join(other.folder, 'mine.txt'), 'mine');
  await given.discard();
  expect(readdirSync(above)).toEqual([path.basename(other.folder)]);
  expect(readdirSync(other.folder)).toEqual(['mine.txt']);
  rmSync(path.join(folder, 'deep'), { recursive: true });
});

test.each([
  ['doc', 'the route GET /docs'],
  ['origin', 'the route GET /api/origins/:'],
  ['alert', 'a file lab/console/alerts/alert-routes.ts'],
])('a resource %s is refused, because the core has %s', async (resource, taken) => {
  const fork = { ...options, names: forkNames({ name: 'desk', resource }) };
  await expect(forkFiles(fork)).rejects.toThrow(
    `The core has ${taken} already: take another resource or plural.`,
  );
});

test('a resource whose name is taken in a part may be that of a fork without it', async () => {
  const names = forkNames({ name: 'desk', resource: 'origin' });
  expect(await forkFiles({ ...options, names, without: ['console'] })).toContainEqual([
    'src/origins/origin.ts',
    expect.any(String),
  ]);
});

test.each([
  ['creation', 'the type of a file of the domain'],
  ['date', 'a global of JavaScript'],
  ['constructor', 'what every object has'],
  ['promise', 'a global of JavaScript'],
  ['problem', 'a word of the core'],
  ['health', 'a word of the core'],
  ['page', 'a variable of the domain'],
])('a resource %s is refused, because it names %s', (resource) => {
  expect(() => forkNames({ name: 'desk', resource })).toThrow('already names a part of the service');
});

test.each(['pg', 'fastify', 'postgres', 'pg-tools', 'grafana'])('a service is not called %s', (name) => {
  expect(() => forkNames({ name, resource: 'parcel' })).toThrow(/already.*take another/);
});

test('a folder that is no fork has no answers', async () => {
  await expect(answersOf(folder)).rejects.toThrow(`${folder} has no .fork.json`);
});

test('a plural whose file the core has is refused', async () => {
  mkdirSync(path.join(folder, 'empty'));
  const names = forkNames({ name: 'desk', resource: 'datasource' });
  await expect(makeFork(path.join(folder, 'empty/desk'), { ...options, names })).rejects.toThrow(
    'grafana/source/datasources.ts already',
  );
  expect(readdirSync(path.join(folder, 'empty'))).toEqual([]);
});
