import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';

/** How the content of a compressed file ends. Offsets and sizes are bytes of the compressed file. */
export type GzipEnd =
  | { kind: 'whole' }
  /** Bytes without the beginning of a member follow the last member. No line is known to be lost. */
  | { kind: 'garbage'; size: number }
  /** The first member has no header of gzip. */
  | { kind: 'foreign' }
  | { kind: 'damaged'; at: number; size: number }
  | { kind: 'cut off' }
  | { kind: 'unreadable'; error: Error };

interface GunzipOptions {
  /** Called before the content ends. The stream itself does not fail, because that would discard what it has buffered. */
  ended(end: GzipEnd): void;
  /** Called with the number of compressed bytes that were read so far. */
  progress?(bytes: number): void;
}

/** Bytes. A piece of the file may expand a thousandfold, and its content is in memory at once. */
const pieceSize = 16 * 1024;
/** The beginning of every member: two bytes of magic, and the only method there is. */
const magic = [0x1f, 0x8b, 0x08];

/**
 * Reads all members of a file, with zeros between and after them, as tapes and `dd` leave them. What comes before damage is
 * returned to the byte, and not only up to the piece in which zlib finds the damage.
 *
 * @see https://www.rfc-editor.org/rfc/rfc1952
 */
export async function* gunzipFile(
  path: string,
  { ended, progress = () => {} }: GunzipOptions,
): AsyncGenerator<Buffer, void> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    ended(yield* readAll(file, progress));
  } catch (error) {
    ended({ kind: 'unreadable', error: error instanceof Error ? error : new Error(String(error)) });
  } finally {
    await file?.close();
  }
}

async function* readAll(
  file: FileHandle,
  progress: (bytes: number) => void,
): AsyncGenerator<Buffer, GzipEnd> {
  const { size } = await file.stat();
  let start = 0;
  for (;;) {
    let stop = yield* inflate(file, start, { skip: 0, singly: Number.POSITIVE_INFINITY, progress });
    // zlib says nothing about the content of a piece with damage. A second pass comes to it byte by byte.
    if (stop.kind === 'damage')
      stop = yield* inflate(file, start, { skip: stop.returned, singly: stop.at, progress });
    if (stop.kind === 'damage') return await endOf(file, stop, size);
    if (stop.kind === 'cut off') return stop;
    start = await afterZeros(file, stop.at);
    if (start >= size) return { kind: 'whole' };
  }
}

type Stop =
  /** All members that follow each other directly are read; the rest begins with a zero, or there is none. */
  | { kind: 'end'; at: number }
  | { kind: 'cut off' }
  /** @param at up to where all content is returned @param returned bytes of content, those that were skipped too */
  | { kind: 'damage'; at: number; returned: number; isHeader: boolean };

interface InflateOptions {
  /** Bytes of content that were returned before. */
  skip: number;
  /** Where to go on byte by byte. */
  singly: number;
  progress(bytes: number): void;
}

async function* inflate(
  file: FileHandle,
  start: number,
  { skip, singly, progress }: InflateOptions,
): AsyncGenerator<Buffer, Stop> {
  const gunzip = createGunzip();
  let output: Buffer[] = [];
  let returned = 0;
  let failure: NodeJS.ErrnoException | undefined;
  let hasEnded = false;
  let settled = Promise.withResolvers<void>();
  gunzip.on('data', (content: Buffer) => {
    const isNew = returned + content.length - skip;
    returned += content.length;
    if (isNew > 0) output.push(content.subarray(-isNew));
  });
  gunzip.once('error', (error) => {
    failure = error;
    settled.resolve();
  });
  gunzip.once('end', () => {
    hasEnded = true;
    settled.resolve();
  });
  try {
    for await (const [piece, at] of piecesOf(file, start, singly)) {
      settled = Promise.withResolvers();
      if (piece === undefined) gunzip.end();
      else gunzip.write(piece, () => settled.resolve());
      await settled.promise;
      yield* output;
      output = [];
      progress(at);
      if (failure !== undefined) {
        if (failure.code === 'Z_BUF_ERROR') return { kind: 'cut off' };
        if (failure.code !== 'Z_DATA_ERROR' && failure.code !== 'Z_NEED_DICT') throw failure;
        const isHeader = failure.message === 'incorrect header check';
        return {
          kind: 'damage',
          at: start + gunzip.bytesWritten,
          returned: Math.max(skip, returned),
          isHeader,
        };
      }
      if (hasEnded) break;
    }
    return { kind: 'end', at: start + gunzip.bytesWritten };
  } finally {
    gunzip.destroy();
  }
}

/** @returns pieces and where they begin, and last `undefined` at the end of the file */
async function* piecesOf(
  file: FileHandle,
  start: number,
  singly: number,
): AsyncGenerator<[piece: Buffer | undefined, at: number]> {
  let at = start;
  for (;;) {
    const most = at < singly ? Math.min(pieceSize, singly - at) : pieceSize;
    // Each has memory of its own, because zlib reads it on another thread.
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(most), 0, most, at);
    if (bytesRead === 0) break;
    if (at < singly) yield [buffer.subarray(0, bytesRead), at];
    else for (let each = 0; each < bytesRead; each += 1) yield [buffer.subarray(each, each + 1), at + each];
    at += bytesRead;
  }
  yield [undefined, at];
}

async function endOf(file: FileHandle, stop: Stop & { kind: 'damage' }, size: number): Promise<GzipEnd> {
  if (!stop.isHeader) return { kind: 'damaged', at: stop.at, size };
  // zlib refuses the second byte of the magic.
  const at = Math.max(0, stop.at - 1);
  if (at === 0) return { kind: 'foreign' };
  const { buffer, bytesRead } = await file.read(Buffer.alloc(magic.length), 0, magic.length, at);
  const same = magic.filter((byte, index) => index < bytesRead && buffer[index] === byte).length;
  // A header that is damaged itself is no garbage: a member with lines is behind it.
  return same >= 2 ? { kind: 'damaged', at, size } : { kind: 'garbage', size: size - at };
}

async function afterZeros(file: FileHandle, start: number): Promise<number> {
  const buffer = Buffer.alloc(pieceSize);
  for (let at = start; ; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    const found = buffer.subarray(0, bytesRead).findIndex((byte) => byte !== 0);
    if (found >= 0) return at + found;
    at += bytesRead;
    if (bytesRead === 0) return at;
  }
}
