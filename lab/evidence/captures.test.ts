import { mkdtemp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Capture, type Captures, openCaptures } from './captures.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'orders-evidence-'));
});
afterEach(() => rm(folder, { recursive: true }));

const open = (limits = { keep: 10, bytes: 1_000_000 }) => openCaptures({ folder, ...limits });

async function take(captures: Captures, bytes: number): Promise<Capture> {
  const { id, folder: own } = await captures.begin('cpu');
  await writeFile(path.join(own, 'cpu.cpuprofile'), Buffer.alloc(bytes));
  const capture: Capture = {
    id,
    kind: 'cpu',
    target: '127.0.0.1:7071',
    startedAt: new Date().toISOString(),
    endedAt: new Date().toISOString(),
    alerts: [],
    profile: { kind: 'taken', file: 'cpu.cpuprofile', bytes, seconds: 1, hottest: [] },
    logLevel: { kind: 'unchanged', reason: 'EVIDENCE_LOG_MINUTES is 0' },
  };
  await captures.save(capture);
  return capture;
}

test('more captures than EVIDENCE_KEEP cost the oldest ones', async () => {
  const captures = await open({ keep: 2, bytes: 1_000_000 });
  const taken = [await take(captures, 10), await take(captures, 10), await take(captures, 10)];
  expect(captures.all()).toEqual([taken[2], taken[1]]);
  expect(await readdir(folder)).toHaveLength(2);
});

test('more bytes than EVIDENCE_DISK cost the oldest captures, and never the newest', async () => {
  const captures = await open({ keep: 10, bytes: 10_000 });
  await take(captures, 4000);
  const second = await take(captures, 4000);
  const third = await take(captures, 4000);
  expect(captures.all()).toEqual([third, second]);
  const large = await take(captures, 50_000);
  expect(captures.all()).toEqual([large]);
});

test('captures outlive the process, and those that it did not finish do not', async () => {
  const finished = await take(await open(), 10);
  const abandoned = '20261128T053012Z-heap-1f0c9a3e';
  await mkdir(path.join(folder, abandoned));
  await writeFile(path.join(folder, abandoned, 'heap.heapprofile'), 'half of it');
  await mkdir(path.join(folder, 'a-folder-of-somebody-else'));

  const after = await open();
  expect(after.all()).toEqual([finished]);
  await after.tidy();
  expect((await readdir(folder)).toSorted()).toEqual([finished.id, 'a-folder-of-somebody-else'].toSorted());
});

test('a folder that is only opened loses nothing, whatever EVIDENCE_KEEP is', async () => {
  const captures = await open();
  const taken = [await take(captures, 10), await take(captures, 10)];
  const opened = await open({ keep: 1, bytes: 1_000_000 });
  expect(await readdir(folder)).toHaveLength(2);
  await opened.tidy();
  expect(await readdir(folder)).toEqual([taken[1]?.id]);
});

test('a capture whose file was changed to name one outside its folder is not found', async () => {
  const capture = await take(await open(), 10);
  const { profile } = capture;
  const text = JSON.stringify({ ...capture, profile: { ...profile, file: '../../secret' } });
  await writeFile(path.join(folder, capture.id, 'capture.json'), text);
  expect((await open()).all()).toEqual([]);
});

test('the files of a capture are those that it names', async () => {
  const captures = await open();
  const capture = await take(captures, 10);
  expect(captures.fileOf(capture, 'cpu.cpuprofile')).toBe(path.join(folder, capture.id, 'cpu.cpuprofile'));
  for (const name of ['capture.json', '../x', 'status.json', '.'])
    expect(captures.fileOf(capture, name)).toBeUndefined();
});

test('saving a capture several times at once leaves the last state on disk', async () => {
  const captures = await open();
  const capture = await take(captures, 10);
  const alert = (fingerprint: string) => ({ fingerprint, name: 'EventLoopSlow', startsAt: '' });
  const withAlert = (name: string): Capture => ({ ...capture, alerts: [alert(name)] });
  await Promise.all(['a', 'b', 'c'].map((name) => captures.save(withAlert(name))));
  expect((await open()).all()).toEqual([withAlert('c')]);
});

test('a capture that cannot be written is not listed, so that the next alert takes another', async () => {
  const captures = await open();
  const { id, folder: own } = await captures.begin('heap');
  const capture = { ...(await take(captures, 10)), id };
  await rm(own, { recursive: true });
  await expect(captures.save(capture)).rejects.toThrow('ENOENT');
  expect(captures.find(id)).toBeUndefined();
});

test('a capture that cannot be written again stays as it was written before', async () => {
  const captures = await open();
  const capture = await take(captures, 10);
  await mkdir(path.join(folder, capture.id, 'capture.json.new'));
  const alerts = [{ fingerprint: 'a', name: 'EventLoopSlow', startsAt: '' }];
  await expect(captures.save({ ...capture, alerts })).rejects.toThrow('EISDIR');
  expect(captures.all()).toEqual([capture]);
  expect((await open()).all()).toEqual([capture]);
});

test('a folder that cannot be made is named with its variable and the reason, in one line', async () => {
  const file = path.join(folder, 'file');
  await writeFile(file, '');
  for (const wrong of [file, path.join(file, 'captures')])
    await expect(openCaptures({ folder: wrong, keep: 1, bytes: 1 })).rejects.toMatchObject({
      name: 'StartupError',
      message: expect.stringMatching(/^The folder of EVIDENCE_DIR cannot be used: E(?:EXIST|NOTDIR): .*\.$/),
    });
});
