import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

/** The beginning of a file. It tells a file from a later one with the same inode number. */
export interface Fingerprint {
  /** Bytes. */
  length: number;
  sha256: string;
}

/** Bytes of a file that has as many: several lines, so that two files hardly begin alike. */
export const fingerprintLength = 1024;

/** @returns the fingerprint of the first `length` bytes, or of fewer in a file that is shorter */
export async function fingerprintOf(file: FileHandle, length = fingerprintLength): Promise<Fingerprint> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
  const sha256 = createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex').slice(0, 32);
  return { length: bytesRead, sha256 };
}

/** Whether the file begins as it did then. A file may have grown since. */
export async function beginsWith(file: FileHandle, before: Fingerprint): Promise<boolean> {
  const { length, sha256 } = await fingerprintOf(file, before.length);
  return length === before.length && sha256 === before.sha256;
}
