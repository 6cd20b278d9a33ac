import { fstatSync } from 'node:fs';
import { Readable } from 'node:stream';
import { StartupError } from '../../../src/errors.ts';
import { reasonOf } from '../checkpoint.ts';
import { type GzipEnd, gunzipFile } from './gunzip.ts';
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
  /** Lines that have arrived, were not taken, and cannot be read again. */
  linesLeft(): number;
}

const roomBesidesLine = 1024 * 1024;

/** @throws {StartupError} if it is a folder, which Node takes for an input without bytes */
export function createStandardInput({ longestLine, wake, say }: StreamSetOptions): StreamSet {
  if (fstatSync(0).isDirectory())
    throw new StartupError('Standard input is a folder. Name the files in it, such as "folder/*.log".');
  process.stdin.once('error', (error) => say(`Standard input: ${reasonOf(error)}.`));
  const options = { highWater: longestLine + roomBesidesLine, wake };
  const input = new StreamInput('standard input', process.stdin, options);
  return {
    inputs: () => [input],
    poll: async () => {},
    isComplete: () => input.isRead(),
    share: () => undefined,
    hasFailed: () => input.error !== undefined,
    linesLeft: () => input.linesLeft(),
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
  let current: { input: StreamInput; size: number; end: GzipEnd; read: number } | undefined;

  function open({ path, size }: { path: string; size: number }) {
    const content = gunzipFile(path, {
      ended: (end) => void (opened.end = end),
      progress: (bytes) => void (opened.read = bytes),
    });
    const opened = {
      input: new StreamInput(path, Readable.from(content, { objectMode: false }), {
        highWater: longestLine + roomBesidesLine,
        wake,
      }),
      size,
      end: { kind: 'whole' } as GzipEnd,
      read: 0,
    };
    return opened;
  }

  function advance(): void {
    if (current === undefined || !current.input.isRead()) return;
    const { input, size, end } = current;
    const loss = lossOf(end);
    if (loss !== undefined) {
      hasFailed = true;
      say(`${input.name}: ${loss}`);
    } else if (end.kind === 'garbage')
      say(`${input.name}: ${end.size} bytes after its end are not compressed with gzip, and ignored.`);
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
    share: () => (total === 0 ? 1 : (before + (current?.read ?? 0)) / total),
    hasFailed: () => hasFailed,
    linesLeft: () => 0,
    close: async () => current?.input.stop(),
  };
}

/** @returns a sentence for people, or `undefined` if no line is lost */
function lossOf(end: GzipEnd): string | undefined {
  switch (end.kind) {
    case 'whole':
    case 'garbage':
      return undefined;
    case 'foreign':
      return 'it is not compressed with gzip.';
    case 'damaged':
      return `the compressed data is damaged at byte ${end.at} of ${end.size}, and cannot be read from there on. What could be read of it is forwarded.`;
    case 'cut off':
      return 'the compressed data is cut off. What could be read of it is forwarded.';
    case 'unreadable':
      return `${reasonOf(end.error)}. What could be read of it is forwarded.`;
  }
}
