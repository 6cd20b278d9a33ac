import { fstatSync, write, writeSync } from 'node:fs';
import { outsideRequests } from '../../async-context.ts';

/** A destination of pino. */
export interface LogDestination {
  /** Never blocks and never throws. The line may be dropped. */
  write(line: string): void;
  /** Resolves when all lines are written, or after `timeLimit` milliseconds. */
  drain(timeLimit: number): Promise<void>;
  /** Writes all waiting lines before it returns, but gives up after 200 ms if the reader does not read. */
  flushSync(): void;
}

export interface LogDestinationOptions {
  /** Default stdout. */
  fd?: number;
  /** Upper bound of waiting lines, in bytes. Default 4 MiB, about ten thousand lines. */
  capacity?: number;
  /** Lines are lost: `overflow` means that the reader is too slow, `failed` that a write failed. */
  onDrop?(lines: number, reason: 'overflow' | 'failed'): void;
  /** The reader has caught up, and misses `lines` lines. */
  onRecovered?(lines: number): void;
}

/** Milliseconds that a line waits for others. One write per line would cost more than the line itself. */
const flushInterval = 100;
/** Bytes per write: the capacity of a pipe on Linux. */
const batchSize = 65_536;
/** Milliseconds until the next try at a full pipe. */
const retryInterval = 10;
/** Milliseconds that the exit of the process waits for the reader of a full pipe. */
const patienceAtExit = 200;
/** Milliseconds that the exit of the process leaves to a write to a file that is on its way, so that it comes first. */
const headStartAtExit = 50;

/**
 * Buffers lines, so that neither a slow reader nor a slow disk stalls the event loop. It drops lines that do not fit the
 * buffer, and counts every loss. A pipe or a socket takes what it has room for at once. A file may have to wait for its disk,
 * so another thread writes it.
 *
 * Why not sonic-boom 4.2.1, which pino brings: a reader that stops reading keeps a finished process alive, by the timer
 * that retries EAGAIN. After EPIPE its `flushSync` retries without end, and behind `pino.destination`, which avoids that
 * with a `write` that does nothing, 5,000 lost lines were reported as 0.
 *
 * The descriptor of a pipe or a socket must be non-blocking: a full one would stop the process. Node makes that of stdout
 * non-blocking on the first access to `process.stdout`. Another thread would not help: at the exit of the process, nothing
 * tells how much of a pipe's batch it has written, and what follows would come in the middle of a line.
 */
export function createLogDestination(options: LogDestinationOptions = {}): LogDestination {
  const { fd = process.stdout.fd, capacity = 4_194_304 } = options;
  const stats = fstatSync(fd);
  const takesAtOnce = stats.isFIFO() || stats.isSocket();
  /** The open batch, and its length in UTF-16 units, which is close enough to bytes. */
  let lines: string[] = [];
  let length = 0;
  /** Closed batches, of which the first may be partly written, and their bytes. */
  const batches: Buffer[] = [];
  let batched = 0;
  /** Whether a thread is writing the first batch. */
  let writing = false;
  let flushTimer: NodeJS.Timeout | undefined;
  let retryTimer: NodeJS.Timeout | undefined;
  /** Lines lost since the reader last caught up. */
  let missing = 0;
  let onEmpty: (() => void) | undefined;

  function drop(count: number, reason: 'overflow' | 'failed'): void {
    missing += count;
    options.onDrop?.(count, reason);
  }

  function closeBatch(): void {
    clearTimeout(flushTimer);
    flushTimer = undefined;
    if (lines.length === 0) return;
    const batch = Buffer.from(lines.join(''));
    lines = [];
    length = 0;
    batches.push(batch);
    batched += batch.length;
  }

  function flush(): void {
    closeBatch();
    writeNext();
  }

  /** Writes batches until a thread has one, or the reader has to make room. */
  function writeNext(): void {
    for (let [batch] = batches; batch !== undefined; [batch] = batches) {
      if (writing || retryTimer) return;
      if (takesAtOnce) writeAtOnce(batch);
      else writeOnThread(batch);
    }
    onEmpty?.();
  }

  function writeAtOnce(batch: Buffer): void {
    try {
      written(writeSync(fd, batch));
    } catch (error) {
      notWritten(batch, error);
    }
  }

  function writeOnThread(batch: Buffer): void {
    writing = true;
    write(fd, batch, (error, count) => {
      writing = false;
      if (error) notWritten(batch, error);
      else written(count);
      writeNext();
    });
  }

  function written(count: number): void {
    advance(count);
    if (batches.length > 0 || missing === 0) return;
    const gap = missing;
    missing = 0;
    options.onRecovered?.(gap);
  }

  function notWritten(batch: Buffer, error: unknown): void {
    if (isFull(error)) {
      retryTimer = setTimeout(() => {
        retryTimer = undefined;
        writeNext();
      }, retryInterval).unref();
      return;
    }
    drop(countLines(batch), 'failed');
    advance(batch.length);
  }

  /** Removes `count` bytes from the start of the first batch. */
  function advance(count: number): void {
    const [batch] = batches;
    if (batch === undefined) return;
    batched -= count;
    if (count < batch.length) batches[0] = batch.subarray(count);
    else batches.shift();
  }

  function flushSync(): void {
    closeBatch();
    // A write on another thread cannot be cancelled; it completes before the process ends.
    const [inFlight] = writing ? batches.splice(0, 1) : [];
    if (inFlight) pause(headStartAtExit);
    const giveUpAt = performance.now() + patienceAtExit;
    try {
      for (let [batch] = batches; batch !== undefined; [batch] = batches) {
        advance(writeNow(fd, batch, giveUpAt));
      }
    } catch {
      // Nothing can handle an error at the end of the process.
    }
    if (inFlight) batches.unshift(inFlight);
  }

  process.once('exit', flushSync);

  return {
    write(line) {
      if (batched + length + line.length > capacity) {
        drop(1, 'overflow');
        return;
      }
      lines.push(line);
      length += line.length;
      if (length >= batchSize) outsideRequests(flush);
      else flushTimer ??= outsideRequests(() => setTimeout(flush, flushInterval).unref());
    },
    async drain(timeLimit) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const limit = setTimeout(resolve, timeLimit);
      onEmpty = resolve;
      flush();
      await promise;
      onEmpty = undefined;
      clearTimeout(limit);
    },
    flushSync,
  };
}

function countLines(batch: Buffer): number {
  let count = 0;
  for (let at = batch.indexOf('\n'); at !== -1; at = batch.indexOf('\n', at + 1)) count += 1;
  return count;
}

/**
 * @returns the number of bytes written
 * @throws if the reader does not read until `giveUpAt`, or is gone
 */
function writeNow(fd: number, batch: Buffer, giveUpAt: number): number {
  for (;;) {
    try {
      return writeSync(fd, batch);
    } catch (error) {
      if (!isFull(error) || performance.now() > giveUpAt) throw error;
      pause(retryInterval);
    }
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}

/** Blocks this thread. @param duration in milliseconds */
function pause(duration: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, duration);
}
