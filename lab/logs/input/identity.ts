import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { CheckpointEntry } from '../checkpoint.ts';
import { beginsWith, fingerprintLength } from './fingerprint.ts';

/** Device and inode: what a file is known by while it is renamed. */
export const idOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`;

export const sameInode = (one: string, other: string): boolean => inodeOf(one) === inodeOf(other);
const inodeOf = (id: string): string => id.slice(id.indexOf(':') + 1);

export interface OpenFile {
  handle: FileHandle;
  path: string;
  id: string;
}

/** @returns the entry that is about an open file, as far as its device, its inode and its path tell */
export async function entryOf(
  entries: Iterable<CheckpointEntry>,
  file: OpenFile,
): Promise<CheckpointEntry | undefined> {
  const isHere = (entry: CheckpointEntry) => path.resolve(entry.path) === path.resolve(file.path);
  const candidates = [...entries].filter((entry) => sameInode(entry.id, file.id));
  const own = candidates.find((entry) => entry.id === file.id);
  if (own !== undefined && isHere(own)) return own;
  // Two devices may have changed their numbers, and then the other one's file has this id.
  const moved = candidates.find((entry) => entry !== own && isHere(entry));
  return moved !== undefined && (await isSameFile(moved, file)) ? moved : own;
}

/**
 * Whether an open file is that of an entry, by how it begins.
 *
 * A device may have another number after a reboot, or when it is mounted again. Then inode and beginning must tell, and a short
 * beginning is not enough: such a file is read again rather than taken for another.
 */
export async function isSameFile({ id, fingerprint }: CheckpointEntry, file: OpenFile): Promise<boolean> {
  if (!sameInode(id, file.id)) return false;
  if (id !== file.id && fingerprint.length < fingerprintLength) return false;
  return await beginsWith(file.handle, fingerprint);
}
