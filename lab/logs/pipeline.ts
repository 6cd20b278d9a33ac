import type { BatchBuilder } from './batch.ts';
import type { Counts } from './counts.ts';
import type { Input, InputSet } from './input/input.ts';
import type { LineProcessor } from './lines/line-processor.ts';
import type { Dispatcher } from './output/dispatcher.ts';

export interface PipelineOptions {
  sets: readonly InputSet[];
  processor: LineProcessor;
  batch: BatchBuilder;
  dispatcher: Dispatcher;
  counts: Counts;
  /** Milliseconds that a line waits for a batch to fill. */
  batchDelay: number;
  /** Milliseconds between two looks at the files. */
  pollInterval: number;
  /** Stops reading. */
  signal: AbortSignal;
}

export interface Pipeline {
  /** Reads until every input is complete or the signal aborts, and hands over what was read. @throws {unknown} that of a target */
  run(): Promise<void>;
  /** Ends the wait for something to read. */
  wake(): void;
}

/** Milliseconds that a line which comes in pieces may hold up other inputs: hundreds of megabytes. */
const longestStay = 1000;

export function createPipeline(options: PipelineOptions): Pipeline {
  const { sets, processor, batch, dispatcher, counts, signal } = options;
  let woken = Promise.withResolvers<void>();
  let isAwake = false;

  function wake(): void {
    isAwake = true;
    woken.resolve();
  }

  async function flush(): Promise<void> {
    if (batch.hasProgress) await dispatcher.deliver(batch.take());
  }

  /** @returns whether there was something */
  async function readFrom(input: Input): Promise<boolean> {
    const { buffer } = processor;
    const start = input.position;
    const length = await input.read(buffer);
    if (length === 0) return false;
    batch.from(input);
    processor.begin(length, start, input.isComplete);
    let isFull = true;
    while (isFull) {
      isFull = processor.run();
      const { offset, piece } = processor.position;
      counts.bytes += start.offset + offset - input.position.offset;
      input.position = { offset: start.offset + offset, piece, generation: start.generation };
      batch.reached(input, input.position);
      // Waits while too many are in flight: so reading stops, and memory is bounded.
      if (isFull) await flush();
      if (signal.aborted) return true;
    }
    return true;
  }

  /** Stays with a line that comes in pieces, so that no other input's line is between them. @returns as `readFrom` does */
  async function readLinesFrom(input: Input): Promise<boolean> {
    // What has no line feed at all must not hold up the others.
    const until = performance.now() + longestStay;
    const hasRead = await readFrom(input);
    let hasMore = hasRead;
    while (hasMore && input.position.piece > 0 && !signal.aborted && performance.now() < until)
      hasMore = await readFrom(input);
    return hasRead;
  }

  async function rest(): Promise<void> {
    const untilFull =
      batch.lines === 0 ? Number.POSITIVE_INFINITY : batch.since + options.batchDelay - performance.now();
    const timer = setTimeout(wake, Math.max(0, Math.min(options.pollInterval, untilFull)));
    if (!isAwake) await woken.promise;
    clearTimeout(timer);
    isAwake = false;
    woken = Promise.withResolvers();
  }

  return {
    wake,
    async run() {
      signal.addEventListener('abort', wake);
      let polledAt = Number.NEGATIVE_INFINITY;
      while (!signal.aborted) {
        if (performance.now() - polledAt >= options.pollInterval) {
          for (const set of sets) await set.poll();
          polledAt = performance.now();
        }
        let hasRead = false;
        for (const set of sets)
          for (const input of set.inputs()) hasRead = (await readLinesFrom(input)) || hasRead;
        const isDue = batch.lines === 0 ? !hasRead : performance.now() - batch.since >= options.batchDelay;
        if (isDue) await flush();
        if (hasRead) continue;
        if (sets.every((set) => set.isComplete())) break;
        await rest();
      }
      await flush();
    },
  };
}
