import { createReadStream, type ReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { reasonOf } from '../checkpoint.ts';
import type { InputSet } from './input.ts';
import { StreamInput } from './stream-input.ts';

interface StreamSetOptions {
  /** Bytes. */
  longestLine: number;
  wake(): void;
  say(sentence: string): void;
}

export interface StreamSet extends InputSet {
  inputs(): Iterable<StreamInput>;
  /** Read of all bytes, as a share; `undefined` if nobody knows how many there are. */
  share(): number | undefined;
  hasFailed(): boolean;
}

const roomBesidesLine = 1024 * 1024;

export function createStandardInput({ longestLine, wake }: StreamSetOptions): StreamSet {
  const options = { highWater: longestLine + roomBesidesLine, wake };
  const input = new StreamInput('standard input', process.stdin, options);
  return {
    inputs: () => [input],
    poll: async () => {},
    isComplete: () => input.isRead(),
    share: () => undefined,
    hasFailed: () => input.error !== undefined,
    close: async () => input.stop(),
  };
}

/** @param files compressed with gzip, each of which is read once, one after the other */
export function createGzipFiles(
  files: ReadonlyArray<{ path: string; size: number }>,
  { longestLine, wake, say }: StreamSetOptions,
): StreamSet {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const waiting = [...files];
  let before = 0;
  let hasFailed = false;
  let current: { input: StreamInput; file: ReadStream; size: number } | undefined;

  function open({ path, size }: { path: string; size: number }) {
    const file = createReadStream(path);
    const content: Readable = createGunzip();
    file.once('error', (error) => content.destroy(error));
    file.pipe(content as ReturnType<typeof createGunzip>);
    return {
      input: new StreamInput(path, content, { highWater: longestLine + roomBesidesLine, wake }),
      file,
      size,
    };
  }

  function advance(): void {
    if (current === undefined || !current.input.isRead()) return;
    const { input, size } = current;
    if (input.error !== undefined) {
      hasFailed = true;
      say(`${input.name}: ${reasonOfGzip(input.error)}. What could be read of it is forwarded.`);
    }
    before += size;
    current = undefined;
  }

  return {
    *inputs() {
      const next = current === undefined ? waiting.shift() : undefined;
      if (next !== undefined) current = open(next);
      if (current !== undefined) yield current.input;
    },
    poll: async () => advance(),
    isComplete: () => {
      advance();
      return current === undefined && waiting.length === 0;
    },
    share: () => (total === 0 ? 1 : (before + (current?.file.bytesRead ?? 0)) / total),
    hasFailed: () => hasFailed,
    close: async () => current?.input.stop(),
  };
}

function reasonOfGzip(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'Z_BUF_ERROR') return 'the compressed data is cut off';
  return code.startsWith('Z_') ? 'the compressed data is damaged' : reasonOf(error);
}
