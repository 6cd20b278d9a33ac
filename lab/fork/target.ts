import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, realpath, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ForkError } from './fork-error.ts';

/** A folder beside the target, in which a fork is written until it is whole. */
export interface Draft {
  folder: string;
  /** Removes it, with the folders above it that were made for it and are empty. */
  discard(): Promise<void>;
}

/**
 * Makes sure that a fork can be put there.
 *
 * @param root of this repository
 * @throws {ForkError}
 */
export async function checkTarget(folder: string, root: string): Promise<void> {
  const real = await realPlaceOf(folder);
  if (`${real}/`.startsWith(`${root}/`))
    throw new ForkError(`${folder} is inside this repository: take a folder outside of it.`);
  const found = await lstat(folder).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory())
    throw new ForkError(`${folder} is not a folder: take a folder that does not exist.`);
  const files = await readdir(folder).catch((error: unknown) => {
    throw explained(error, folder);
  });
  if (files.length > 0) throw new ForkError(`${folder} is not empty: take a folder that does not exist.`);
}

/** @throws {ForkError} */
export async function makeDraft(target: string): Promise<Draft> {
  const above = path.dirname(target);
  try {
    const made = await makeFolders(above);
    const discardAbove = async () => {
      if (made !== undefined) await removeFolders(above, made);
    };
    try {
      // Whoever may read the folders beside it may read it, unlike one of mkdtemp().
      const folder = path.join(above, `.fork-${randomUUID()}`);
      await mkdir(folder);
      return {
        folder,
        async discard() {
          await rm(folder, { recursive: true, force: true });
          await discardAbove();
        },
      };
    } catch (error) {
      await discardAbove();
      throw error;
    }
  } catch (error) {
    throw explained(error, target);
  }
}

/**
 * Makes a folder and those above it that are missing. Node's own `recursive` never ends below a file system such as /proc, which
 * says of a folder that it exists and that nothing can be made in it because it does not.
 *
 * @returns the highest folder that was made
 */
async function makeFolders(folder: string): Promise<string | undefined> {
  const found = await stat(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found !== undefined) return undefined;
  const made = await makeFolders(path.dirname(folder));
  try {
    await mkdir(folder);
  } catch (error) {
    if (made !== undefined) await removeFolders(path.dirname(folder), made);
    throw error;
  }
  return made ?? folder;
}

/** Removes folders upward, up to the highest one. Those in which somebody else has put something meanwhile stay. */
async function removeFolders(lowest: string, highest: string): Promise<void> {
  await removeEmpty(lowest);
  if (lowest !== highest) await removeFolders(path.dirname(lowest), highest);
}

/** Makes room for the draft: an empty folder may be there already. */
export async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch(() => undefined);
}

const causes: Readonly<Record<string, string>> = {
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  ENOENT: 'no folder can be made there',
  EROFS: 'it is on a file system that is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your disk quota is used up',
  ENAMETOOLONG: 'its name is too long',
  ENOTDIR: 'a file is where a folder above it should be',
  EEXIST: 'a file is where a folder above it should be',
  ELOOP: 'its links go in a circle',
  EMFILE: 'too many files are open',
  EBUSY: 'it is a mount point, so take a folder below it',
  EXDEV: 'it is a mount point, so take a folder below it',
};

/** What its maker can mend of a fault of the file system, as one line; other errors stay as they are. */
export function explained(error: unknown, folder: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const cause = causes[code];
  return cause === undefined
    ? error
    : new ForkError(`${folder} cannot be written: ${cause}.`, { cause: error });
}

/** Where a path leads, links included, even if its last parts do not exist yet. */
async function realPlaceOf(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch {
    const above = path.dirname(folder);
    return above === folder ? folder : path.join(await realPlaceOf(above), path.basename(folder));
  }
}
