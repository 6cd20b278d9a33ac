import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeFolder } from './make-folder.ts';

const root = mkdtempSync(path.join(tmpdir(), 'make-folder-'));
afterAll(() => rmSync(root, { recursive: true }));

test('a folder is made with those above it, and one that is there stays as it is', () => {
  const folder = path.join(root, 'one/two/three');
  makeFolder(folder, 0o700);
  for (const each of [folder, path.dirname(folder), path.join(root, 'one')])
    expect(statSync(each).mode & 0o777).toBe(0o700);
  writeFileSync(path.join(folder, 'file'), 'kept');
  makeFolder(folder);
  expect(statSync(path.join(folder, 'file')).size).toBe(4);
});

test.each([
  ['below /proc', () => '/proc/nowhere/one/two', 'ENOENT'],
  ['below a file', () => path.join(withFile(), 'one'), 'ENOTDIR'],
  ['in place of a file', withFile, 'EEXIST'],
  ['at a link that leads nowhere', withLink, 'ENOENT'],
])('a folder %s cannot be made, and the reason is thrown', (_place, folder, code) => {
  expect(() => makeFolder(folder())).toThrow(expect.objectContaining({ code }));
});

function withFile(): string {
  const file = path.join(root, 'file');
  writeFileSync(file, '');
  return file;
}

function withLink(): string {
  const link = path.join(root, 'link');
  symlinkSync(path.join(root, 'missing/folder'), link);
  return link;
}
