import { existsSync, globSync } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type CheckpointEntry, reasonOf } from '../checkpoint.ts';
import { FileInput, type FileWaits } from './file-input.ts';
import { entryOf, idOf, isSameFile, sameInode } from './identity.ts';
import type { InputSet } from './input.ts';

export interface FileSetOptions {
  /** Paths, or patterns such as `/var/log/*.log`. Files may appear later. */
  patterns: readonly string[];
  waits: FileWaits;
  /** Whether to stop at the ends of the files. */
  once: boolean;
  fromEnd: boolean;
  checkpoint: readonly CheckpointEntry[];
  /** What is written here must not be read: it would be written again without end. */
  own: OwnFiles;
  /** Tells the user, in a sentence. */
  say(sentence: string): void;
  /** A checkpoint of the files should be written. */
  changed(): void;
}

export interface OwnFiles {
  /** Path of the checkpoint. */
  checkpoint: string;
  /** Device and inode of the file that the lines are written to, if there is one. */
  output: string | undefined;
}

export interface FileSet extends InputSet {
  inputs(): Iterable<FileInput>;
  checkpoint(): CheckpointEntry[];
  /** What is read of all files, as a share. */
  share(): number;
  /** Whether a file could not be read. */
  hasFailed(): boolean;
}

/** A file may have such a name itself: a shell that finds `app[1].log` passes it on as it is. */
export const isPattern = (text: string): boolean => /[*?[{]/.test(text) && !existsSync(text);
const isMatch = (file: string, pattern: string): boolean => {
  const [one, other] = [path.resolve(file), path.resolve(pattern)];
  return one === other || (isPattern(pattern) && path.matchesGlob(one, other));
};
/** What programs that rotate logs make of them. */
export const isCompressed = (file: string): boolean => /\.(gz|zst|bz2|xz|lz4)$/.test(file);

/** Follows files by name, as `tail -F` does: whatever file has a matching name is read from where it was left. */
export function createFileSet(options: FileSetOptions, openFile = open): FileSet {
  const files = new Map<string, FileInput>();
  /** What an earlier start has left of files that are not found yet. */
  const left = new Set(options.checkpoint);
  /** Sizes at the first look, by device and inode: with `fromEnd` that is skipped, even of a file that can be opened only later. */
  const skipped = new Map<string, number>();
  const complaints = new Map<string, string>();
  /** Files that match a pattern and are not read. */
  let compressed: ReadonlySet<string> = new Set();
  let isFirst = true;

  /** @param key what is complained of: a path, or the id of an open file, which may have left its path to another one */
  function complain(file: string, reason: string | undefined, key = file): void {
    if (reason !== undefined && complaints.get(key) !== reason) options.say(`${file}: ${reason}.`);
    if (reason === undefined) complaints.delete(key);
    else complaints.set(key, reason);
  }

  /** Their lines were forwarded before somebody compressed them, or are read by `--once`. */
  function tellCompressed(unread: ReadonlySet<string>): void {
    for (const file of unread)
      if (!compressed.has(file) && !(options.once && file.endsWith('.gz')))
        options.say(
          `${file}: it is compressed, and not followed. With --once, files that end in .gz are read.`,
        );
    compressed = unread;
  }

  /** The files that match, by device and inode. */
  async function present(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    const unread = new Set<string>();
    for (const pattern of options.patterns) {
      const paths = isPattern(pattern) ? globSync(pattern) : [pattern];
      if (paths.length === 0) complain(pattern, `no file matches${options.once ? '' : ' yet'}`);
      else if (isPattern(pattern)) complain(pattern, undefined);
      for (const each of paths) {
        if (isPattern(pattern) && isCompressed(each)) unread.add(each);
        const id = unread.has(each) ? undefined : await identify(each, !isPattern(pattern));
        if (id !== undefined && !found.has(id) && !isOwn(each, id, pattern)) found.set(id, each);
      }
    }
    tellCompressed(unread);
    return found;
  }

  function isOwn(file: string, id: string, pattern: string): boolean {
    const { checkpoint, output } = options.own;
    const isOutput = id === output;
    const isCheckpoint = path.resolve(file).replace(/\.\d+\.next$/, '') === path.resolve(checkpoint);
    if (isOutput) complain(file, 'it is the output of this program, and not read');
    // Whoever names all files of a folder does not mean it.
    else if (isCheckpoint && !isPattern(pattern))
      complain(file, 'it is the checkpoint of this program, and not read');
    return isOutput || isCheckpoint;
  }

  async function identify(file: string, isNamed: boolean): Promise<string | undefined> {
    try {
      const status = await stat(file, { bigint: true });
      if (status.isFile()) {
        if (options.fromEnd && isFirst) skipped.set(idOf(status), Number(status.size));
        return idOf(status);
      }
      const isFolder = status.isDirectory();
      if (isNamed)
        complain(
          file,
          isFolder
            ? `it is a folder. Name its files, such as '${path.join(file, '*.log')}'`
            : 'it is no regular file. Use - to read a pipe',
        );
    } catch (error) {
      const reason = reasonOf(error);
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      complain(file, isMissing && !options.once ? `${reason} yet; waiting for it` : reason);
    }
    return undefined;
  }

  /** @param renamed what the file must be, because nobody has named it */
  async function add(file: string, id: string, renamed?: CheckpointEntry): Promise<void> {
    try {
      const handle = await openFile(file, 'r');
      try {
        const opened = { handle, path: file, id };
        const entry = renamed ?? (await entryOf(left, opened));
        // Nothing tells a file that was empty from another one with its inode, such as what a rotation has compressed.
        const isOther = renamed !== undefined && (isCompressed(file) || !(await isSameFile(renamed, opened)));
        if (isOther) left.delete(renamed);
        // Between the look and the opening, the name may have got another file.
        if (isOther || idOf(await handle.stat({ bigint: true })) !== id) {
          await handle.close();
          return;
        }
        const place = entry === undefined ? await placeInCopy(handle) : undefined;
        // It is read once it is whole, unless its original is then as long.
        if (place === 'copying') {
          await handle.close();
          return;
        }
        const checkpoint = entry ?? place;
        const { waits, once } = options;
        const skip = skipped.get(id);
        const input = await FileInput.open(handle, {
          name: file,
          id,
          waits,
          once,
          checkpoint,
          skip: skip ?? 0,
        });
        files.set(id, input);
        skipped.delete(id);
        if (entry !== undefined) left.delete(entry);
        complain(file, undefined);
        // The next start goes on here, and not at what is the end then.
        if (skip !== undefined && checkpoint === undefined) options.changed();
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      complain(file, reasonOf(error));
    }
  }

  async function placeInCopy(copy: FileHandle): Promise<CheckpointEntry | 'copying' | undefined> {
    for (const input of files.values()) {
      const place = await input.placeInCopy(copy);
      // Who reads files once wants the lines of both.
      if (place !== undefined && !(place === 'copying' && options.once)) return place;
    }
    return undefined;
  }

  /** Files that were renamed while nobody read them, and that no pattern matches now. */
  async function addRenamed(now: ReadonlyMap<string, string>): Promise<void> {
    for (const entry of left) {
      // A start that names other files has left its position here, and goes on there.
      if (!options.patterns.some((pattern) => isMatch(entry.path, pattern))) continue;
      // It could not be opened, and a later look tries again.
      if (now.has(entry.id)) continue;
      const others = await filesIn(path.dirname(entry.path));
      // A folder in which nothing is to be seen may be mounted later.
      if (others.length === 0) continue;
      const renamed =
        others.find(({ id }) => id === entry.id) ?? others.find(({ id }) => sameInode(id, entry.id));
      if (renamed === undefined || files.has(renamed.id) || renamed.size <= entry.offset) left.delete(entry);
      else await add(renamed.file, renamed.id, entry);
    }
  }

  return {
    inputs: () => files.values(),
    async poll() {
      const now = await present();
      // Another file may get the inode of one that is gone.
      for (const id of skipped.keys()) if (!now.has(id)) skipped.delete(id);
      // What is truncated is known before a copy of it is found.
      for (const [id, input] of files) {
        await input.poll(now.get(id));
        complain(input.name, input.fault === undefined ? undefined : reasonOf(input.fault), id);
        if (!input.isDone()) continue;
        if (!options.once) {
          files.delete(id);
          options.changed();
        }
        await input.close();
      }
      const known = new Set([...left].map(({ id }) => id));
      const found = [...now].toSorted(([one], [other]) => Number(known.has(other)) - Number(known.has(one)));
      for (const [id, file] of found) if (!files.has(id)) await add(file, id);
      if (isFirst) await addRenamed(now);
      isFirst = false;
    },
    isComplete: () => options.once && !isFirst && files.values().every((input) => input.isRead()),
    checkpoint: () => [
      ...files.values().map((input) => input.checkpoint()),
      // An id that an open file has is that of no other.
      ...left.values().filter(({ id }) => !files.has(id)),
    ],
    share() {
      const sum = files.values().reduce((total, input) => total + input.share(), 0);
      return files.size === 0 ? 1 : sum / files.size;
    },
    hasFailed: () => complaints.size > 0,
    async close() {
      for (const input of files.values()) await input.close();
    },
  };
}

/** Those that can be seen. */
async function filesIn(folder: string): Promise<Array<{ file: string; id: string; size: number }>> {
  const found: Array<{ file: string; id: string; size: number }> = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const file = path.join(folder, name);
    const status = await stat(file, { bigint: true }).catch(() => undefined);
    if (status?.isFile()) found.push({ file, id: idOf(status), size: Number(status.size) });
  }
  return found;
}
