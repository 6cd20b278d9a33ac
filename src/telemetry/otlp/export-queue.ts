import { context, diag, ROOT_CONTEXT } from '@opentelemetry/api';
import { ExportResultCode, suppressTracing } from '@opentelemetry/core';
import { outsideRequests } from '../../async-context.ts';
import type { TelemetryConfig } from '../../config/telemetry-config.ts';
import type { PartialSuccess } from './partial-success.ts';

/** The items of one export request. */
export interface Batch<Item> {
  readonly size: number;
  add(item: Item): void;
  /** Resolves when the resource of the items is complete: some of its detectors are asynchronous. */
  settled(): Promise<void>;
}

export interface ExportOutcome {
  code: ExportResultCode;
  error?: Error | undefined;
  /** What the receiver did not take of a request that it accepted. */
  partial?: PartialSuccess | undefined;
}

/** The SDK's exporter, with its variables for URL, headers, compression and retries. */
export interface Receiver<Sent> {
  export(batch: Sent, done: (outcome: ExportOutcome) => void): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

export interface ExportQueue<Item> {
  add(item: Item): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** Requests at the same time when the queue is emptied: the SDK's exporter fails the 31st. */
const lanes = 10;

export type LossReason = 'queue_full' | 'export_failed' | 'rejected';

/**
 * A batch processor as in the specification. Why not the SDK's: it drops spans and log records without a count that one
 * can read, and `telemetry_dropped_total` must show every loss. Nothing here waits for the receiver: while it is
 * unavailable, the queue keeps items up to its bound and drops the rest.
 *
 * @param what the items, in the plural, for error messages
 * @param drop called for each loss, with its reason and the number of items
 * @see https://opentelemetry.io/docs/specs/otel/trace/sdk/#batching-processor
 */
export function createExportQueue<Item, Sent extends Batch<Item>>(
  { maxQueueSize, maxExportBatchSize, scheduledDelayMillis, exportTimeoutMillis }: TelemetryConfig['batch'],
  what: string,
  createBatch: () => Sent,
  receiver: Receiver<Sent>,
  drop: (reason: LossReason, count: number) => void,
): ExportQueue<Item> {
  const full: Sent[] = [];
  let filling = createBatch();
  let queued = 0;
  let timer: NodeJS.Timeout | undefined;
  let sending = false;
  let ended = false;

  function seal(): void {
    if (filling.size === 0) return;
    full.push(filling);
    filling = createBatch();
  }

  async function send(batch: Sent): Promise<void> {
    queued -= batch.size;
    await batch.settled();
    const { promise, resolve } = Promise.withResolvers<void>();
    const settle = ({ code, error, partial }: ExportOutcome) => {
      if (code !== ExportResultCode.SUCCESS) {
        drop('export_failed', batch.size);
        diag.error(`${batch.size} ${what} could not be sent: ${error?.message ?? 'no reason given'}`);
      } else if (partial) tellOfRejection(partial, batch.size);
      resolve();
    };
    try {
      // An instrumented HTTP client must not trace how telemetry is sent.
      context.with(suppressTracing(ROOT_CONTEXT), () => receiver.export(batch, settle));
    } catch (error) {
      settle({
        code: ExportResultCode.FAILED,
        error: error instanceof Error ? error : new Error(String(error)),
      });
    }
    await promise;
  }

  /** A batch cannot lose more than it holds, whatever the receiver writes. */
  function tellOfRejection({ rejected, message }: PartialSuccess, size: number): void {
    const reason = message || 'no reason given';
    const lost = Math.min(rejected, size);
    if (lost > 0) drop('rejected', lost);
    diag.warn(
      lost > 0
        ? `the receiver rejected ${lost} of ${size} ${what}: ${reason}`
        : `the receiver took all ${what}, with a warning: ${reason}`,
    );
  }

  function sendNext(): void {
    clearTimeout(timer);
    timer = undefined;
    if (full.length === 0) seal();
    const batch = full.shift();
    if (batch === undefined) return;
    sending = true;
    // A request that hangs ends by its own timeout; the next batch waits no longer than this limit.
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const limit = setTimeout(resolve, exportTimeoutMillis).unref();
    void Promise.race([send(batch), late]).then(() => {
      clearTimeout(limit);
      sending = false;
      schedule();
    });
  }

  function schedule(): void {
    if (ended || sending || queued === 0) return;
    if (full.length > 0) outsideRequests(sendNext);
    else timer ??= outsideRequests(() => setTimeout(sendNext, scheduledDelayMillis).unref());
  }

  async function forceFlush(): Promise<void> {
    seal();
    await Promise.all(Array.from({ length: lanes }, sendWaiting));
    await receiver.forceFlush();
  }

  async function sendWaiting(): Promise<void> {
    for (let batch = full.shift(); batch !== undefined; batch = full.shift()) await send(batch);
  }

  return {
    add(item) {
      if (ended) return;
      if (queued >= maxQueueSize) {
        drop('queue_full', 1);
        return;
      }
      filling.add(item);
      queued += 1;
      if (filling.size >= maxExportBatchSize) seal();
      schedule();
    },
    forceFlush,
    async shutdown() {
      ended = true;
      clearTimeout(timer);
      await forceFlush();
      await receiver.shutdown();
    },
  };
}
