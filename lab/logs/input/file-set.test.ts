import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CheckpointEntry } from '../checkpoint.ts';
import { createFileSet, type FileSet } from './file-set.ts';

let folder: string;
let file: string;
let set: FileSet;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'orders-file-set-'));
  file = path.join(folder, 'app.log');
  set = await look([]);
});

afterEach(async () => {
  await set.close();
  await rm(folder, { recursive: true });
});

/** Looks for the file for the first time, as a start of the program does. */
async function look(checkpoint: readonly CheckpointEntry[]): Promise<FileSet> {
  const found = createFileSet({
    patterns: [file],
    waits: { rotated: 1000, line: 1000 },
    once: false,
    fromEnd: false,
    checkpoint,
    say: () => {},
    changed: () => {},
  });
  await found.poll();
  return found;
}

/** The checkpoint of a start that has forwarded all of the file. */
async function forwarded(text: string): Promise<CheckpointEntry> {
  await writeFile(file, text);
  await using before = { set: await look([]), [Symbol.asyncDispose]: () => before.set.close() };
  for (const input of before.set.inputs()) input.accepted({ offset: text.length, piece: 0, generation: 0 });
  const [entry] = before.set.checkpoint();
  if (entry === undefined) throw new Error('The file is not found.');
  return entry;
}

/** What is read, and from where on. */
const read = () => [...set.inputs()].map(({ name, position }) => [path.basename(name), position.offset]);

const lines = (text: string) => `${text}\n`.repeat(100);

test('a file that took the inode of a log file which is gone is not read', async () => {
  const entry = await forwarded(lines('of the log'));
  // The inode stays the same.
  await writeFile(file, lines('of somebody else, and longer'));
  await rename(file, path.join(folder, 'secret.txt'));
  set = await look([entry]);
  expect(read()).toEqual([]);
  expect(set.checkpoint()).toEqual([]);
});
