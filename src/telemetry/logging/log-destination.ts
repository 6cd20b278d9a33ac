import { write, writeSync } from 'node:fs';

/** Where log lines go. A destination of pino. */
export interface LogDestination {
  /** Returns at once, whatever becomes of the line. */
  write(line: string): void;
  /** Resolves when all lines are out, or after `timeLimit` ms. */
  drain(timeLimit: number): Promise<void>;
  /** Writes what waits before it returns; gives up on a reader that does not read. */
  flushSync(): void;
}

export interface LogDestinationOptions {
  /** Default stdout. */
  fd?: number;
  /** How much may wait, in bytes. Default 4 MiB, which holds some ten thousand lines. */
  capacity?: number;
  /** Lines are lost: because their reader is too slow, or because writing fails. */
  onDrop?(lines: number, reason: 'overflow' | 'failed'): void;
  /** The reader has caught up; `lines` are missing from what it sees. */
  onRecovered?(lines: number): void;
}

/** Milliseconds a line waits for others. A write per line would cost more than making the line. */
const flushInterval = 100;
/** Bytes that are written at once. What a pipe holds on Linux. */
const batchSize = 65_536;
/** Milliseconds until a full pipe is tried again. */
const retryInterval = 10;
/** Milliseconds that the end of a process waits for the reader of a full pipe. */
const patienceAtExit = 200;

/**
 * Buffers lines and writes them from another thread, so that neither a slow reader nor a slow disk stalls the event
 * loop. What does not fit the buffer is dropped, line by line, and counted.
 *
 * The descriptor must not block: a thread that hangs in a write to a full pipe could not be joined, and the process
 * would never end. Node sets stdout so, where it is a pipe or a socket, as soon as `process.stdout` is first touched.
 */
export function createLogDestination(options: LogDestinationOptions = {}): LogDestination {
  const { fd = process.stdout.fd, capacity = 4_194_304 } = options;
  /** The batch that is being filled, and its length in UTF-16 units: near enough to bytes. */
  let lines: string[] = [];
  let length = 0;
  /** Batches to write, the first one possibly in part; their bytes. */
  const batches: Buffer[] = [];
  let batched = 0;
  /** Whether a thread has the first batch at this moment. */
  let writing = false;
  let flushTimer: NodeJS.Timeout | undefined;
  let retryTimer: NodeJS.Timeout | undefined;
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

  function writeNext(): void {
    const [batch] = batches;
    if (writing || retryTimer) return;
    if (batch === undefined) {
      onEmpty?.();
      return;
    }
    writing = true;
    write(fd, batch, (error, count) => {
      writing = false;
      if (error?.code === 'EAGAIN') {
        retryTimer = setTimeout(() => {
          retryTimer = undefined;
          writeNext();
        }, retryInterval).unref();
        return;
      }
      if (error) drop(countLines(batch), 'failed');
      advance(error ? batch.length : count);
      if (!error && batches.length === 0 && missing > 0) {
        const gap = missing;
        missing = 0;
        options.onRecovered?.(gap);
      }
      writeNext();
    });
  }

  /** So many bytes of the first batch are done with. */
  function advance(count: number): void {
    const [batch] = batches;
    if (batch === undefined) return;
    batched -= count;
    if (count < batch.length) batches[0] = batch.subarray(count);
    else batches.shift();
  }

  function flushSync(): void {
    closeBatch();
    // What a thread is writing cannot be taken back; it is done before the process ends.
    const [inFlight] = writing ? batches.splice(0, 1) : [];
    const giveUpAt = performance.now() + patienceAtExit;
    try {
      for (let [batch] = batches; batch !== undefined; [batch] = batches) {
        advance(writeNow(fd, batch, giveUpAt));
      }
    } catch {
      // Nobody is left to be told.
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
      if (length >= batchSize) flush();
      else flushTimer ??= setTimeout(flush, flushInterval).unref();
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

/** How much of it was written. @throws when the reader does not read, or is gone */
function writeNow(fd: number, batch: Buffer, giveUpAt: number): number {
  for (;;) {
    try {
      return writeSync(fd, batch);
    } catch (error) {
      const full = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
      if (!full || performance.now() > giveUpAt) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryInterval);
    }
  }
}
