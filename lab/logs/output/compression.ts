import type { Readable, Transform } from 'node:stream';
import { constants, createGzip, createZstdCompress, type Gzip, type ZlibReset } from 'node:zlib';

export const compressions = ['gzip', 'zstd', 'none'] as const;
export type Compression = (typeof compressions)[number];

/** @returns a promise of the compressed bytes, of as many contents at the same time as it is called with */
export type Compress = (content: Uint8Array) => Promise<Uint8Array>;

/** Bytes. The compressed content is read as one piece, so that all of it must have room. */
const room = { chunkSize: 64 * 1024, readableHighWaterMark: 64 * 1024 * 1024 };

/**
 * The fastest level: a batch is sent once, on a network that is close. The window is half of the largest, and the memory for
 * symbols the largest, because zlib then takes three quarters of the time for log records, which come out as small.
 */
const gzipOptions = { ...room, level: 1, windowBits: 14, memLevel: 9, flush: constants.Z_FINISH };
const zstdOptions = {
  ...room,
  params: { [constants.ZSTD_c_compressionLevel]: 1 },
  flush: constants.ZSTD_e_end,
};

export const compressors: Readonly<Record<Compression, () => Compress>> = {
  gzip: () =>
    withStreams(
      () => createGzip(gzipOptions),
      (stream) => (stream as Gzip & ZlibReset).reset(),
    ),
  zstd: () =>
    withStreams(
      () => createZstdCompress(zstdOptions),
      // The end of a frame is enough.
      () => {},
    ),
  none: () => async (content) => content,
};

/**
 * Uses streams again: `zlib.gzip` allocates and clears its memory for every batch, which takes longer than to compress some.
 *
 * @param reset makes a stream ready for the next content
 */
function withStreams<Stream extends Transform>(
  create: () => Stream,
  reset: (stream: Stream) => void,
): Compress {
  const idle: Stream[] = [];
  return async (content) => {
    const stream = idle.pop() ?? create();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // With `flush`, each write is a whole of its own.
    stream.write(content, (error) => {
      if (error == null) resolve();
      else reject(error);
    });
    await promise;
    const pieces: Buffer[] = [];
    for (let piece = next(stream); piece !== null; piece = next(stream)) pieces.push(piece);
    reset(stream);
    idle.push(stream);
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
  };
}

function next(stream: Readable): Buffer | null {
  return stream.read() as Buffer | null;
}
