import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib';
import { Refusal } from './refusal.ts';

/** Maximum bytes of a request. A Collector takes 20 MiB, and so its exporters may send as much. */
const largestRequest = 33_554_432;
/** Maximum bytes after decompression. */
const largestContent = 67_108_864;
/** Maximum bytes of all requests that are being received: senders repeat what is refused here. */
const mostHeld = 100_663_296;
/** Maximum bytes of a refused request that are read before the connection closes. */
const mostDrained = 268_435_456;

/** Reads the bodies of requests, and bounds what they hold together. */
export interface BodyReader {
  /**
   * Reads a body to its end, even if it is refused: a sender that is still writing sees a broken connection, and not the
   * answer.
   *
   * @throws {Refusal} if the body is too large, or too much is being received
   */
  read(from: Readable, headers: IncomingHttpHeaders): Promise<Buffer>;
  /** Gives the room of a body back. */
  release(body: Buffer): void;
}

export function createBodyReader(): BodyReader {
  let held = 0;
  return {
    async read(from, headers) {
      let refusal = Number(headers['content-length'] ?? 0) > largestRequest ? tooLarge() : undefined;
      let chunks: Buffer[] = [];
      let length = 0;
      try {
        for await (const chunk of from as AsyncIterable<Buffer>) {
          length += chunk.length;
          if (length > mostDrained) throw refusal ?? tooLarge();
          if (refusal !== undefined) continue;
          chunks.push(chunk);
          held += chunk.length;
          if (length > largestRequest) refusal = tooLarge();
          else if (held > mostHeld)
            refusal = new Refusal(503, 'Too much is being received at the same time.');
          if (refusal === undefined) continue;
          held -= length;
          chunks = [];
        }
      } catch (error) {
        if (refusal === undefined) held -= length;
        throw error instanceof Refusal
          ? error
          : new Refusal(400, 'The connection closed before the end of the body.');
      }
      if (refusal !== undefined) throw refusal;
      return Buffer.concat(chunks, length);
    },
    release(body) {
      held -= body.length;
    },
  };
}

const tooLarge = () =>
  new Refusal(
    413,
    `The request is larger than ${largestRequest} bytes, or than ${largestContent} uncompressed.`,
  );

type Decompress = (content: Buffer) => Promise<Buffer>;

const limit = { maxOutputLength: largestContent };
const gzip: Decompress = (content) => promisify(gunzip)(content, limit);
/** `deflate` is a zlib stream, but some senders mean the bare stream, whose first byte says so. */
const deflate: Decompress = (content) =>
  ((content[0] ?? 0) & 0x0f) === 8
    ? promisify(inflate)(content, limit)
    : promisify(inflateRaw)(content, limit);
const encodings: Readonly<Record<string, Decompress>> = {
  identity: (content) => Promise.resolve(content),
  gzip,
  'x-gzip': gzip,
  deflate,
  zlib: deflate,
  zstd: (content) => promisify(zstdDecompress)(content, limit),
  br: (content) => promisify(brotliDecompress)(content, limit),
};

/** For the header `Accept-Encoding` of an answer. */
export const acceptedEncodings = 'gzip, deflate, zstd, br';

/**
 * @param encoding value of Content-Encoding: in the order in which they were applied, of any case
 * @throws {Refusal} if an encoding is not supported, or the content is too large
 */
export async function decompress(body: Buffer, encoding = ''): Promise<Buffer> {
  let content = body;
  const names = encoding
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  for (const name of names.toReversed()) {
    const undo = Object.hasOwn(encodings, name) ? encodings[name] : undefined;
    if (undo === undefined)
      throw new Refusal(415, `The encoding ${name} is not supported. Supported are ${acceptedEncodings}.`);
    try {
      content = await undo(content);
    } catch (error) {
      if (error instanceof RangeError) throw tooLarge();
      throw new Refusal(400, `The request is not ${name}: ${error instanceof Error ? error.message : ''}`);
    }
  }
  return content;
}
