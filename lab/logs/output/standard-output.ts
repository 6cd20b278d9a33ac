import { fstatSync, write } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { type Backoff, fullJitter } from '../../../src/resilience/backoff.ts';
import { reasonOf } from '../checkpoint.ts';
import { type Target, TargetGone } from './target.ts';
import { createTrouble } from '../trouble.ts';

export interface StandardOutputOptions {
  backoff: Backoff;
  say(sentence: string): void;
  /** File descriptor. */
  fd?: number;
}

/** Writes the lines as they were read, in order. A full disk is waited for, as a receiver is that is away. */
export function createStandardOutput({ fd = 1, backoff, say }: StandardOutputOptions): Target {
  const writeAll = isStored(fd) ? writeToFile : writeToStream;
  let last: Promise<void> = Promise.resolve();
  const tell = createTrouble({
    say,
    began: (reason) => `Standard output: ${reason}. Reading waits, and nothing is lost.`,
    ended: 'Standard output is written again.',
  });

  // Node's own stream drops the rest of what a disk takes only in part, and is unusable after an error.
  async function writeToFile(text: Buffer, signal: AbortSignal): Promise<void> {
    let [from, attempt] = [0, 0];
    while (from < text.length) {
      try {
        from += await writeSome(fd, text, from);
        attempt = 0;
        tell(undefined);
      } catch (error) {
        if (!isNoSpace(error)) throw gone(error);
        tell(reasonOf(error));
        attempt += 1;
        const wait = fullJitter(attempt, backoff);
        await sleep(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  }

  return {
    name: 'standard output',
    async send({ text }, signal) {
      const sent = last.then(() => writeAll(text, signal));
      // The batches after a failed one fail, too: the dispatcher sends no more.
      last = sent;
      sent.catch(() => {});
      await sent;
    },
    close: async () => {},
  };
}

async function writeToStream(text: Buffer, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // A reader that stands still, such as a pager, takes nothing for as long as it likes.
  const giveUp = (): void => reject(signal.reason);
  signal.addEventListener('abort', giveUp);
  // It is reported to the callback of the write, too.
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => {});
  process.stdout.write(text, (error) => {
    if (error == null) resolve();
    else reject(gone(error));
  });
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** @returns how many bytes the file has taken, which may be fewer than there are */
function writeSome(fd: number, text: Buffer, from: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  write(fd, text, from, text.length - from, null, (error, written) => {
    if (error === null) resolve(written);
    else reject(error);
  });
  return promise;
}

/** A file, or a device other than a terminal. */
function isStored(fd: number): boolean {
  const status = fstatSync(fd);
  return status.isFile() || (status.isCharacterDevice() && !isatty(fd));
}

function isNoSpace(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

function gone(error: unknown): TargetGone {
  const isClosed = error instanceof Error && 'code' in error && error.code === 'EPIPE';
  return new TargetGone(`Standard output: ${isClosed ? 'its reader has ended' : reasonOf(error)}.`, {
    cause: error,
  });
}
