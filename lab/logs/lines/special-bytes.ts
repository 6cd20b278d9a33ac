import { readFileSync } from 'node:fs';
import { backslash, quote, space } from './ascii.ts';

/** Where text ends: the positions of quotes, backslashes and control characters in a block of bytes. */
export interface SpecialBytes {
  /** The bytes to search; room for `capacity` of them and for `padding` more. */
  bytes: Buffer;
  /** The positions, ascending, after `find`. */
  positions: Int32Array;
  /** @returns how many there are from `from` to `to` and in the padding; at most {@link longestSearch} bytes apart */
  find(from: number, to: number): number;
}

/** Bytes per search: small enough that the positions stay in the processor's cache. */
export const longestSearch = 64 * 1024;
/** Bytes after the data that a search may read. */
export const padding = 64;

const pageSize = 64 * 1024;
/** For a search in which every byte is special, and what the program overwrites behind it. */
const roomForPositions = 4 * (longestSearch + 2 * padding);

/** The part of it that is used here: TypeScript declares it for browsers only. */
declare const WebAssembly: {
  Memory: new (size: { initial: number }) => { buffer: ArrayBuffer };
  Module: new (content: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> };
};

type Find = (at: number, end: number, to: number) => number;

/** Whether the search stops at this byte. */
export function isSpecial(byte: number): boolean {
  return byte === quote || byte === backslash || byte < space;
}

/** Searches with WebAssembly, because it has SIMD instructions; see special-bytes.wat. */
export function createSpecialBytes(capacity: number): SpecialBytes {
  const start = Math.ceil((capacity + padding) / pageSize) * pageSize;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((start + roomForPositions) / pageSize) });
  const module = new WebAssembly.Module(readFileSync(new URL('special-bytes.wasm', import.meta.url)));
  const { exports } = new WebAssembly.Instance(module, { host: { memory } });
  const find = exports['find'] as Find;
  return {
    bytes: Buffer.from(memory.buffer, 0, capacity + padding),
    positions: new Int32Array(memory.buffer, start, roomForPositions >> 2),
    find: (from, to) => (find(from, to, start) - start) >> 2,
  };
}
