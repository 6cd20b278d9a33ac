import type { Stats } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { StartupError } from '../../src/errors.ts';
import type { Fingerprint } from './input/fingerprint.ts';
import { createTrouble } from './trouble.ts';

/** Up to where the lines of a file are accepted. */
export interface CheckpointEntry {
  /** Where it was last. */
  path: string;
  /** Device and inode. */
  id: string;
  offset: number;
  piece: number;
  fingerprint: Fingerprint;
}

/** @throws {StartupError} if there is a file that is no checkpoint: to begin anew is a decision of the user */
export async function readCheckpoint(file: string): Promise<CheckpointEntry[]> {
  let text: string;
  try {
    // They do no harm where they cannot be removed.
    await removeLeftovers(file).catch(() => {});
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new StartupError(`The checkpoint ${file} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
  const entries = entriesIn(text);
  if (entries === undefined)
    throw new StartupError(`${file} is no checkpoint. Remove it to forward every file from its start.`);
  return entries;
}

/** By hand: a library for schemas takes a tenth of the memory that this program may have. */
function entriesIn(text: string): CheckpointEntry[] | undefined {
  try {
    const { version, files } = JSON.parse(text) as { version: unknown; files: unknown };
    if (version !== 1 || !Array.isArray(files)) return undefined;
    return files.every(isEntry) ? files : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is CheckpointEntry {
  const { path: file, id, offset, piece, fingerprint } = value as Partial<CheckpointEntry>;
  return (
    typeof file === 'string' &&
    typeof id === 'string' &&
    isCount(offset) &&
    isCount(piece) &&
    isCount(fingerprint?.length) &&
    typeof fingerprint?.sha256 === 'string'
  );
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

/**
 * Replaces the file as a whole: after a crash it is the old one or the new one, and on disk once this resolves.
 *
 * @returns the inode of the new one
 */
async function writeCheckpoint(file: string, files: readonly CheckpointEntry[]): Promise<number> {
  const folder = path.dirname(file);
  // Of this process alone, so that a second one with the same checkpoint does not write into it.
  const next = `${file}.${process.pid}.next`;
  const content = JSON.stringify({ version: 1, files });
  try {
    const { ino } = await syncedAfter(next, 'w', (handle) => handle.writeFile(content));
    await rename(next, file);
    // The rename is an entry of the folder.
    await syncedAfter(folder, 'r', async () => {});
    return ino;
  } catch (error) {
    await rm(next, { force: true }).catch(() => {});
    throw error;
  }
}

async function syncedAfter(
  file: string,
  flags: string,
  change: (handle: FileHandle) => Promise<void>,
): Promise<Stats> {
  const handle = await open(file, flags);
  try {
    await change(handle);
    await handle.sync();
    return await handle.stat();
  } finally {
    await handle.close();
  }
}

/** Removes what processes left behind that died while they wrote. */
async function removeLeftovers(file: string): Promise<void> {
  const name = path.basename(file);
  for (const each of await readdir(path.dirname(file))) {
    const [, pid] = each.startsWith(name) ? (/^\.(\d+)\.next$/.exec(each.slice(name.length)) ?? []) : [];
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(path.join(path.dirname(file), each), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** @returns the inode of the file, or `undefined` if it is gone or not accessible */
async function inodeOf(file: string): Promise<number | undefined> {
  return await stat(file).then(
    ({ ino }) => ino,
    () => undefined,
  );
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open on this machine',
  EIO: 'the disk failed',
};

/** Why a file operation failed, for people. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}

/**
 * Writes checkpoints one after the other, whenever something was accepted. At most one is written per `interval`, since
 * each waits for the disk. A failure is told and tried again: forwarding goes on, and a crash repeats more lines.
 */
export function createCheckpointWriter(
  file: string,
  entries: () => CheckpointEntry[],
  { interval, say }: { interval: number; say: (sentence: string) => void },
) {
  let isChanged = false;
  let isWriting = false;
  let isClosed = false;
  let wroteAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  const tell = createTrouble({
    say,
    began: (reason) =>
      `The checkpoint ${file} cannot be written: ${reason}. Until it can, a restart repeats lines.`,
    ended: `The checkpoint ${file} is written again.`,
  });
  /** The inode of the checkpoint as this process wrote it. */
  let own: number | undefined;
  let hasRival = false;

  async function write(): Promise<void> {
    isChanged = false;
    wroteAt = performance.now();
    try {
      const present = await inodeOf(file);
      if (own !== undefined && present !== undefined && present !== own && !hasRival) {
        hasRival = true;
        say(
          `Another process writes the checkpoint ${file}, too: a restart repeats lines. Give it one of its own.`,
        );
      }
      own = await writeCheckpoint(file, entries());
      tell(undefined);
    } catch (error) {
      isChanged = true;
      tell(reasonOf(error));
    }
  }

  function schedule(): void {
    if (isWriting || isClosed) return;
    const wait = Math.max(0, wroteAt + interval - performance.now());
    timer ??= setTimeout(() => {
      timer = undefined;
      isWriting = true;
      writing = write().then(() => {
        isWriting = false;
        if (isChanged) schedule();
      });
    }, wait);
  }

  return {
    changed(): void {
      isChanged = true;
      schedule();
    },
    /** Writes what is not written, for the last time. */
    async close(): Promise<void> {
      isClosed = true;
      clearTimeout(timer);
      await writing;
      if (isChanged) await write();
    },
  };
}
