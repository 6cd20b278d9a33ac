import type { FileHandle } from 'node:fs/promises';
import type { CheckpointEntry } from '../checkpoint.ts';
import { beginsWith, type Fingerprint, fingerprintLength, fingerprintOf } from './fingerprint.ts';
import type { Input, Position } from './input.ts';

/** Milliseconds. */
export interface FileWaits {
  /** How long a rotated file is read on, because its writer may not have noticed. */
  rotated: number;
  /** After which a line without a line feed counts as complete. */
  line: number;
}

/** An open file, which may grow, be truncated, be renamed or be deleted. */
export class FileInput implements Input {
  name: string;
  readonly id: string;
  position: Position = { offset: 0, piece: 0, generation: 0 };
  isComplete = false;
  /** Up to where its lines are accepted. */
  #accepted: Position = this.position;
  readonly #file: FileHandle;
  readonly #waits: FileWaits;
  readonly #readsOnce: boolean;
  #fingerprint: Fingerprint = { length: 0, sha256: '' };
  #size = 0;
  /** Up to where bytes were read, whether they made a line or not. */
  #seen = 0;
  #changedAt = performance.now();
  #modified = 0;
  #rotatedAt: number | undefined;
  /** Where it was before it was truncated, and how often one has looked since. A copy is there by then. */
  #truncated: CheckpointEntry | undefined;
  #looksSince = 0;
  #isQuiet = false;
  #isClosed = false;
  /** Why the last attempt to read, and the last look at it, failed. */
  #readFault: unknown;
  #lookFault: unknown;

  private constructor(
    file: FileHandle,
    { name, id, waits, once }: { name: string; id: string; waits: FileWaits; once: boolean },
  ) {
    this.#file = file;
    this.name = name;
    this.id = id;
    this.#waits = waits;
    this.#readsOnce = once;
  }

  /**
   * @param options.checkpoint where to go on, if it is of this very file
   * @param options.skip bytes that are not read of a file without a checkpoint
   */
  static async open(
    file: FileHandle,
    options: {
      name: string;
      id: string;
      waits: FileWaits;
      once: boolean;
      checkpoint: CheckpointEntry | undefined;
      skip: number;
    },
  ): Promise<FileInput> {
    const input = new FileInput(file, options);
    const { size, mtimeMs } = await file.stat();
    const { checkpoint } = options;
    input.#size = size;
    input.#modified = mtimeMs;
    input.#fingerprint = await fingerprintOf(file);
    let offset = checkpoint === undefined ? Math.min(options.skip, size) : 0;
    let piece = 0;
    if (
      checkpoint !== undefined &&
      checkpoint.offset <= size &&
      (await beginsWith(file, checkpoint.fingerprint))
    )
      ({ offset, piece } = checkpoint);
    else input.#truncated = checkpoint;
    input.position = { offset, piece, generation: 0 };
    input.#accepted = input.position;
    return input;
  }

  async read(buffer: Buffer): Promise<number> {
    if (this.#isClosed) return 0;
    const { offset } = this.position;
    const bytesRead = await this.#readAt(offset, buffer);
    if (bytesRead === undefined) {
      this.isComplete = this.#readsOnce;
      return 0;
    }
    const isEnd = bytesRead < buffer.length;
    // What came since the last look at the file is new, however long it was quiet before.
    const isUnchanged = offset + bytesRead === this.#size;
    this.isComplete = isEnd && (this.#readsOnce || (isUnchanged && (this.#isQuiet || this.#isAbandoned())));
    const isNew = offset + bytesRead > this.#seen;
    this.#seen = offset + bytesRead;
    return isNew || this.isComplete ? bytesRead : 0;
  }

  /** @returns `undefined` if it cannot be read now, as on a disk that fails or a server that is away: the next call tries again */
  async #readAt(offset: number, buffer: Buffer): Promise<number | undefined> {
    try {
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, offset);
      this.#readFault = undefined;
      return bytesRead;
    } catch (error) {
      this.#readFault = error;
      return undefined;
    }
  }

  /** Why it cannot be read at present; `undefined` if it can. */
  get fault(): unknown {
    return this.#readFault ?? this.#lookFault;
  }

  /** Looks at its size. @param path where it is now, or `undefined` once it was renamed or deleted */
  async poll(path: string | undefined): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.#look(path);
      this.#lookFault = undefined;
    } catch (error) {
      this.#lookFault = error;
    }
  }

  async #look(path: string | undefined): Promise<void> {
    if (path === undefined) this.#rotatedAt ??= performance.now();
    else {
      this.#rotatedAt = undefined;
      this.name = path;
    }
    if (this.#looksSince > 0) this.#truncated = undefined;
    this.#looksSince += 1;
    const { size, mtimeMs } = await this.#file.stat();
    if (size !== this.#size || mtimeMs !== this.#modified) {
      this.#isQuiet = false;
      this.#changedAt = performance.now();
      if (size < this.position.offset || !(await beginsWith(this.#file, this.#fingerprint))) this.#restart();
      if (this.#fingerprint.length < fingerprintLength) this.#fingerprint = await fingerprintOf(this.#file);
      this.#size = size;
      this.#modified = mtimeMs;
    }
    this.#isQuiet ||= performance.now() - this.#changedAt > this.#waits.line;
  }

  /** The file was truncated, as copytruncate does: what it has now is new. */
  #restart(): void {
    this.#truncated = this.checkpoint();
    this.#looksSince = 0;
    this.position = { offset: 0, piece: 0, generation: this.position.generation + 1 };
    this.#accepted = this.position;
    this.#fingerprint = { length: 0, sha256: '' };
    this.#seen = 0;
  }

  #isAbandoned(): boolean {
    const since = Math.max(this.#rotatedAt ?? Number.POSITIVE_INFINITY, this.#changedAt);
    return performance.now() - since > this.#waits.rotated;
  }

  /** Whether it was rotated away and everything in it is accepted, or it is read once and was. */
  isDone(): boolean {
    const isOver = this.#readsOnce ? this.isComplete : this.#isAbandoned();
    return isOver && this.position.offset >= this.#seen && this.#accepted.offset >= this.#size;
  }

  /** Whether all of it was read, though it may not be accepted. */
  isRead(): boolean {
    return this.isComplete && (this.fault !== undefined || this.position.offset >= this.#seen);
  }

  /**
   * Where to go on in a file that begins as this one does: `copytruncate` copies a file before it truncates it.
   *
   * @returns `undefined` if that file is no copy of this one, and `copying` while all that it has is in this one, too
   */
  async placeInCopy(copy: FileHandle): Promise<CheckpointEntry | 'copying' | undefined> {
    if (this.#isClosed) return undefined;
    const beginning = await fingerprintOf(copy);
    if (beginning.length < fingerprintLength) return undefined;
    const { size } = await copy.stat();
    const before = this.#truncated;
    if (before?.fingerprint.sha256 === beginning.sha256 && before.offset <= size) {
      this.#truncated = undefined;
      return before;
    }
    if (this.#fingerprint.sha256 !== beginning.sha256) return undefined;
    // Truncated since the last look, which the next one sees.
    if ((await this.#file.stat()).size < this.#size) return 'copying';
    const [end, own] = await Promise.all([lastBytes(copy, size), lastBytes(this.#file, size)]);
    return end.equals(own) ? 'copying' : undefined;
  }

  accepted(position: Position): void {
    if (position.generation === this.position.generation) this.#accepted = position;
  }

  behind(): number {
    return Math.max(0, this.#size - this.#accepted.offset);
  }

  /** What has been read of it, as a share of its size. */
  share(): number {
    return this.#size === 0 ? 1 : this.position.offset / this.#size;
  }

  checkpoint(): CheckpointEntry {
    const { offset, piece } = this.#accepted;
    return { path: this.name, id: this.id, offset, piece, fingerprint: this.#fingerprint };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#file.close();
  }
}

/** The bytes before an offset, or fewer in a file that is shorter. */
async function lastBytes(file: FileHandle, offset: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(
    Buffer.alloc(fingerprintLength),
    0,
    fingerprintLength,
    offset - fingerprintLength,
  );
  return buffer.subarray(0, bytesRead);
}
