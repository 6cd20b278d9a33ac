import { randomBytes } from 'node:crypto';
import { access, constants, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Type, type Static } from 'typebox';
import { Check } from 'typebox/value';
import { StartupError } from '../../src/errors.ts';
import { makeFolder } from '../../src/make-folder.ts';
import type { StoreSettings } from './config.ts';

export const profileKinds = ['cpu', 'heap'] as const;
export type ProfileKind = (typeof profileKinds)[number];

const Text = Type.String();

/** What was taken from one replica for its alerts, as it stands in `capture.json`. Times in ISO 8601. */
const Capture = Type.Object({
  id: Text,
  kind: Type.Union([Type.Literal('cpu'), Type.Literal('heap')]),
  /** `address:port` of the admin listener. */
  target: Text,
  startedAt: Text,
  endedAt: Text,
  /** Every alert that asked for it, the first one first. */
  alerts: Type.Array(Type.Object({ fingerprint: Text, name: Text, startsAt: Text })),
  profile: Type.Union([
    Type.Object({
      kind: Type.Literal('taken'),
      file: Text,
      bytes: Type.Number(),
      seconds: Type.Number(),
      /** One line per function. */
      hottest: Type.Array(Text),
    }),
    Type.Object({ kind: Type.Literal('not_taken'), reason: Text }),
  ]),
  logLevel: Type.Union([
    Type.Object({ kind: Type.Literal('raised'), level: Text, until: Text }),
    Type.Object({ kind: Type.Literal('unchanged'), reason: Text }),
  ]),
  /** File with the answer of `/status`, if there was one. */
  status: Type.Optional(Text),
});
export type Capture = Static<typeof Capture>;
export type CaptureAlert = Capture['alerts'][number];

/** The captures on disk. They outlive the process, so that a restart takes no second profile within a window. */
export interface Captures {
  /** Newest first. */
  all(): readonly Capture[];
  find(id: string): Capture | undefined;
  /** Makes a folder for a new capture. */
  begin(kind: ProfileKind): Promise<{ id: string; folder: string }>;
  /**
   * Writes it, for the first time or again, and deletes the oldest while there are too many.
   *
   * @throws {Error} if it cannot be written; then it is what it was before, or is not there
   */
  save(capture: Capture): Promise<void>;
  /** Deletes captures that an earlier process did not finish, and the oldest while there are too many. */
  tidy(): Promise<void>;
  /** Path of a file that the capture names; `undefined` for any other. */
  fileOf(capture: Capture, name: string): string | undefined;
}

/** An id is the name of a folder. */
const idPattern = /^\d{8}T\d{6}Z-(cpu|heap)-[\da-f]{8}$/;

/** Milliseconds after which whoever took it has finished it, or is gone: a profile has at most 60 seconds, and calls have limits. */
const longestCapture = 120_000;

/**
 * Opens the folder, and deletes nothing: a process that cannot listen must not cost another one its captures.
 *
 * @throws {StartupError} when it cannot be made, read or written
 */
export async function openCaptures({ folder, keep, bytes }: StoreSettings): Promise<Captures> {
  const names = await namesIn(folder);
  const known = new Map<string, Capture>();
  const found: Capture[] = [];
  const unfinished: string[] = [];
  for (const name of names.filter((each) => idPattern.test(each))) {
    const capture = await readCapture(folderOf(name));
    if (capture?.id === name) found.push(capture);
    else unfinished.push(name);
  }
  for (const capture of found.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt)))
    known.set(capture.id, capture);
  /** As they are on disk. */
  const stored = new Map(known);
  /** One after the other: two writers of one capture would rename each other's file. */
  let writing = Promise.resolve();

  function inTurn(work: () => Promise<void>): Promise<void> {
    const done = writing.then(work);
    writing = done.catch(() => {});
    return done;
  }

  function folderOf(id: string): string {
    return path.join(folder, id);
  }

  // Renamed into place, so that a crash leaves the old text or the new one.
  async function write(capture: Capture): Promise<void> {
    const file = path.join(folderOf(capture.id), 'capture.json');
    await writeFile(`${file}.new`, `${JSON.stringify(capture, undefined, 2)}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
    stored.set(capture.id, capture);
  }

  /** What is not on disk must not be found: neither its link leads anywhere, nor may it stand for a capture of its window. */
  async function takeBack(capture: Capture): Promise<void> {
    const { id } = capture;
    const before = stored.get(id);
    if (known.get(id) !== capture) return;
    if (before !== undefined) known.set(id, before);
    else await remove(id).catch(() => {});
  }

  async function remove(id: string): Promise<void> {
    known.delete(id);
    stored.delete(id);
    await rm(folderOf(id), { recursive: true, force: true });
  }

  async function prune(): Promise<void> {
    const sizes = new Map<string, number>();
    for (const id of known.keys()) sizes.set(id, await sizeOf(folderOf(id)));
    let total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    // A map keeps the order of insertion, which is that of the start. The newest always stays.
    for (const [id, size] of [...sizes].slice(0, -1)) {
      if (known.size <= keep && total <= bytes) return;
      total -= size;
      await remove(id);
    }
  }

  return {
    all: () => [...known.values()].toReversed(),
    find: (id) => known.get(id),
    async begin(kind) {
      const id = `${stamp(Date.now())}-${kind}-${randomBytes(4).toString('hex')}`;
      await mkdir(folderOf(id), { mode: 0o700 });
      return { id, folder: folderOf(id) };
    },
    save(capture) {
      // At once, so that whoever looks while it is being written finds this one.
      known.set(capture.id, capture);
      return inTurn(async () => {
        try {
          await write(capture);
        } catch (error) {
          await takeBack(capture);
          throw error;
        }
        await prune();
      });
    },
    tidy() {
      // A receiver on another port may have the same folder, and be at work on a younger one.
      const abandoned = unfinished.filter((id) => id < stamp(Date.now() - longestCapture));
      return inTurn(async () => {
        for (const id of abandoned) await remove(id);
        await prune();
      });
    },
    fileOf(capture, name) {
      const { profile, status } = capture;
      const named = [...(profile.kind === 'taken' ? [profile.file] : []), ...(status ? [status] : [])];
      return named.includes(name) ? path.join(folderOf(capture.id), name) : undefined;
    },
  };
}

/** The basic format of ISO 8601, which sorts by time: a colon is not allowed in file names everywhere. */
function stamp(time: number): string {
  return new Date(time).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

async function readCapture(folder: string): Promise<Capture | undefined> {
  try {
    const read: unknown = JSON.parse(await readFile(path.join(folder, 'capture.json'), 'utf8'));
    if (!Check(Capture, read)) return undefined;
    // Written by this program, but a file name from a file is not trusted to stay in its folder.
    const names = [read.status, read.profile.kind === 'taken' ? read.profile.file : undefined];
    return names.every((name) => name === undefined || path.basename(name) === name) ? read : undefined;
  } catch {
    return undefined;
  }
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(path.join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The names in a folder, which is made if it is not there. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    makeFolder(folder, 0o700);
    await access(folder, constants.W_OK | constants.X_OK);
    return await readdir(folder);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartupError(`The folder of EVIDENCE_DIR cannot be used: ${reason}.`, { cause: error });
  }
}
