import { appendFile, type FileHandle, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileInput } from './file-input.ts';
import { createFileSet } from './file-set.ts';

let folder: string;
let file: string;
let input: FileInput;
const buffer = Buffer.alloc(1024);

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'orders-file-input-'));
  file = path.join(folder, 'app.log');
  await writeFile(file, '{"message":"zero"}\n');
  input = await FileInput.open(await open(file), {
    name: file,
    id: '1:1',
    waits: { rotated: 1, line: 1 },
    once: false,
    checkpoint: undefined,
    skip: Number.POSITIVE_INFINITY,
  });
});

afterEach(async () => {
  await input.close();
  await rm(folder, { recursive: true });
});

test.each([
  ['quiet', () => file],
  ['renamed', () => undefined],
])('half of a line is no line when a file that was %s has just got it', async (_, where) => {
  const lookAndRead = async () => {
    await input.poll(where());
    await input.read(buffer);
    return input.isComplete;
  };
  await expect.poll(lookAndRead).toBe(true);
  await appendFile(file, '{"message":"one ');
  expect(await input.read(buffer)).toBe(16);
  expect(input.isComplete).toBe(false);
  // Nothing more comes.
  await expect.poll(lookAndRead).toBe(true);
});

test('a file that cannot be read any more is told once, and reading goes on with the others', async () => {
  const handles: FileHandle[] = [];
  const said: string[] = [];
  await using set = {
    ...createFileSet(
      {
        patterns: [path.join(folder, '*.log')],
        waits: { rotated: 1, line: 1 },
        once: false,
        fromEnd: false,
        checkpoint: [],
        own: { checkpoint: path.join(folder, 'checkpoint.json'), output: undefined },
        say: (sentence) => said.push(sentence),
        changed: () => {},
      },
      async (...args) => {
        const handle = await open(...args);
        handles.push(handle);
        return handle;
      },
    ),
    [Symbol.asyncDispose]: () => set.close(),
  };
  await set.poll();
  // As after an error of the disk, each call fails from now on.
  await handles[0]?.close();
  await writeFile(path.join(folder, 'other.log'), '{"message":"other"}\n');
  await set.poll();
  await set.poll();
  const read = await Promise.all([...set.inputs()].map((each) => each.read(Buffer.alloc(1024))));
  expect(read).toEqual([0, 20]);
  expect(said).toEqual([`${file}: file closed.`]);
  expect(set.hasFailed()).toBe(true);
});
