import { gzipSync, zstdCompressSync } from 'node:zlib';

/** Bytes per order. */
export interface Size {
  plain: number;
  gzip: number;
  zstd: number;
}

/** Stores compress blocks of this order of size: Loki 256 KiB, Tempo a megabyte. */
const blockSize = 2 ** 20;

/** Compresses block by block, at the default levels of gzip and zstd. */
export function sizePerOrder(content: Buffer, orders: number): Size {
  const total = { plain: content.length, gzip: 0, zstd: 0 };
  for (let at = 0; at < content.length; at += blockSize) {
    const block = content.subarray(at, at + blockSize);
    total.gzip += gzipSync(block).length;
    total.zstd += zstdCompressSync(block).length;
  }
  return { plain: total.plain / orders, gzip: total.gzip / orders, zstd: total.zstd / orders };
}
