import { appendFile, copyFile, mkdtemp, open, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CheckpointEntry } from '../checkpoint.ts';
import { createFileSet, type FileSet } from './file-set.ts';
import { idOf } from './identity.ts';

let folder: string;
let file: string;
let set: FileSet;
let said: string[];

beforeEach(async () => {
  said = [];
  folder = await mkdtemp(path.join(tmpdir(), 'orders-file-set-'));
  file = path.join(folder, 'app.log');
  set = await look([]);
});

afterEach(async () => {
  await set.close();
  await rm(folder, { recursive: true });
});

/** Looks for the files for the first time, as a start of the program does. */
async function look(
  checkpoint: readonly CheckpointEntry[],
  { fromEnd = false, openFile = open, pattern = '*.log', output = undefined as string | undefined } = {},
): Promise<FileSet> {
  const found = createFileSet(
    {
      patterns: [path.join(folder, pattern)],
      waits: { rotated: 1000, line: 1000 },
      once: false,
      fromEnd,
      checkpoint,
      own: { checkpoint: path.join(folder, 'checkpoint.json'), output },
      say: (sentence) => said.push(sentence),
      changed: () => {},
    },
    openFile,
  );
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

/** As it was before the device of the file got another number. */
const ofOldDevice = (entry: CheckpointEntry): CheckpointEntry => ({
  ...entry,
  id: entry.id.replace(/^\d+/, '1000000'),
});

test('a file that took the inode of a log file which is gone is not read', async () => {
  const entry = await forwarded(lines('of the log'));
  // The inode stays the same.
  await writeFile(file, lines('of somebody else, and longer'));
  await rename(file, path.join(folder, 'secret.txt'));
  set = await look([entry]);
  expect(read()).toEqual([]);
  expect(set.checkpoint()).toEqual([]);
});

test('a file goes on where it was left after its device got another number', async () => {
  const entry = await forwarded(lines('of the log'));
  set = await look([ofOldDevice(entry)]);
  expect(read()).toEqual([['app.log', entry.offset]]);
  expect(set.checkpoint()).toEqual([entry]);
});

test('with --from end, a file that cannot be opened at the first look is read from where it ended then', async () => {
  await writeFile(file, 'old\n');
  let mayOpen = false;
  const openFile: typeof open = async (...args) => {
    if (!mayOpen) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
    return await open(...args);
  };
  await set.close();
  set = await look([], { fromEnd: true, openFile });
  expect(read()).toEqual([]);
  await appendFile(file, 'new\n');
  mayOpen = true;
  await writeFile(path.join(folder, 'later.log'), 'new, too\n');
  await set.poll();
  expect(Object.fromEntries(read())).toEqual({ 'app.log': 4, 'later.log': 0 });
});

test.each(['app[1].log', 'app{a,b}.log', 'a*p?.log'])(
  'a file that is called %s is read under its name',
  async (name) => {
    await set.close();
    set = await look([], { pattern: name });
    expect(read()).toEqual([]);
    await writeFile(path.join(folder, name), lines('of the log'));
    await set.poll();
    expect(read()).toEqual([[name, 0]]);
    expect(set.hasFailed()).toBe(false);

    const entries = set.checkpoint();
    await rename(path.join(folder, name), path.join(folder, `${name}.1`));
    await set.close();
    set = await look(entries, { pattern: name });
    expect(read()).toEqual([[`${name}.1`, 0]]);
  },
);

test('what the program writes itself is not read', async () => {
  await writeFile(file, 'read\n');
  const output = path.join(folder, 'all.log');
  for (const own of [
    output,
    path.join(folder, 'checkpoint.json'),
    path.join(folder, 'checkpoint.json.7.next'),
  ])
    await writeFile(own, 'written\n');
  await set.close();
  said = [];
  set = await look([], { pattern: '*', output: idOf(await stat(output, { bigint: true })) });
  await set.poll();
  expect(read()).toEqual([['app.log', 0]]);
  expect(said).toEqual([`${output}: it is the output of this program, and not read.`]);
});

test('a renamed file is read on after its device got another number', async () => {
  const entry = await forwarded(lines('of the log'));
  await appendFile(file, 'more\n');
  await rename(file, `${file}.1`);
  set = await look([ofOldDevice(entry)]);
  expect(read()).toEqual([['app.log.1', entry.offset]]);
});

test.each<[string, (entry: CheckpointEntry) => CheckpointEntry | Promise<CheckpointEntry>]>([
  [
    'another beginning',
    async (entry) => {
      await writeFile(file, lines('of another log'));
      return entry;
    },
  ],
  ['another path', (entry) => ({ ...entry, path: path.join(folder, 'other.log') })],
  ['another inode', (entry) => ({ ...entry, id: `${entry.id}0` })],
])('a file with %s on a device with another number is read from its start', async (_, other) => {
  const entry = await forwarded(lines('of the log'));
  set = await look([ofOldDevice(await other(entry))]);
  expect(read()).toEqual([['app.log', 0]]);
});

test('a file that is too short to be told from others is read again after its device got another number', async () => {
  const entry = await forwarded('one line\n');
  set = await look([ofOldDevice(entry)]);
  expect(read()).toEqual([['app.log', 0]]);
  expect(set.checkpoint()).toEqual([{ ...entry, offset: 0 }]);
});

test('two devices that have changed their numbers keep their files apart', async () => {
  const entry = await forwarded(lines('of the log'));
  // It had the id that the file has now.
  const other = { ...entry, path: path.join(folder, 'elsewhere/app.log'), offset: 5 };
  for (const entries of [
    [ofOldDevice(entry), other],
    [other, ofOldDevice(entry)],
  ]) {
    await set.close();
    set = await look(entries);
    expect(read()).toEqual([['app.log', entry.offset]]);
  }
});

describe('of a file that copytruncate rotates, the copy is read from where the file was left', () => {
  const copy = () => path.join(folder, 'app.1.log');
  const text = lines('of the log');
  /** Two lines of it are not accepted yet. */
  const offset = text.length - 2 * 'of the log\n'.length;

  beforeEach(async () => {
    await writeFile(file, text);
    await set.poll();
    for (const input of set.inputs()) {
      input.position = { offset: text.length, piece: 0, generation: 0 };
      input.accepted({ offset, piece: 0, generation: 0 });
    }
  });

  async function truncateAndGoOn(): Promise<void> {
    await truncate(file);
    await appendFile(file, 'new\n');
  }

  test('if both are seen at once', async () => {
    await appendFile(file, 'late\n');
    await copyFile(file, copy());
    await truncateAndGoOn();
    await set.poll();
    expect(Object.fromEntries(read())).toEqual({ 'app.log': 0, 'app.1.log': offset });
  });

  test('if the copy is not whole, and the file not truncated', async () => {
    await writeFile(copy(), text.slice(0, 1050));
    await set.poll();
    expect(read()).toEqual([['app.log', text.length]]);
    await copyFile(file, copy());
    await set.poll();
    expect(read()).toEqual([['app.log', text.length]]);
    await truncateAndGoOn();
    await set.poll();
    expect(Object.fromEntries(read())).toEqual({ 'app.log': 0, 'app.1.log': offset });
  });

  test('if the copy is seen after the truncation', async () => {
    await copyFile(file, `${copy()}.hidden`);
    await truncateAndGoOn();
    await set.poll();
    await rename(`${copy()}.hidden`, copy());
    await set.poll();
    expect(Object.fromEntries(read())).toEqual({ 'app.log': 0, 'app.1.log': offset });
  });

  test('if it happened while nobody looked', async () => {
    const entries = set.checkpoint();
    await set.close();
    await copyFile(file, copy());
    await truncateAndGoOn();
    set = await look(entries);
    expect(Object.fromEntries(read())).toEqual({ 'app.log': 0, 'app.1.log': offset });
  });

  test('but another file with the same beginning is read from its start', async () => {
    await writeFile(copy(), `${text.slice(0, 1050)}and another end\n`);
    await set.poll();
    expect(Object.fromEntries(read())).toEqual({ 'app.log': text.length, 'app.1.log': 0 });
    await truncateAndGoOn();
    for (let looks = 0; looks < 3; looks += 1) await set.poll();
    await writeFile(path.join(folder, 'later.log'), text);
    await set.poll();
    expect(Object.fromEntries(read())).toMatchObject({ 'later.log': 0 });
  });
});
