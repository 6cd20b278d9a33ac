import { setTimeout as delay } from 'node:timers/promises';
import { context, diag, ROOT_CONTEXT } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode, suppressTracing } from '@opentelemetry/core';
import {
  convertLegacyHttpOptions,
  createOtlpHttpExportDelegate,
} from '@opentelemetry/otlp-exporter-base/node-http';
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import type { NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import type { TelemetryConfig } from '../config.ts';

type LogRecordProcessor = NonNullable<NodeSDKConfiguration['logRecordProcessors']>[number];
type LogRecord = Parameters<LogRecordProcessor['onEmit']>[0];

/**
 * The specification's batch processor for log records with its OTLP exporter, as the SDK has one, but what gets lost is
 * counted: the SDK drops what its queue cannot hold, and tells nobody.
 *
 * @param drop told why records were lost, and how many
 * @see https://opentelemetry.io/docs/specs/otel/logs/sdk/#batching-processor
 */
export function createLogExport(
  {
    maxQueueSize,
    maxExportBatchSize,
    scheduledDelayMillis,
    exportTimeoutMillis,
  }: TelemetryConfig['logBatch'],
  drop: (reason: 'queue_full' | 'export_failed', count: number) => void,
): LogRecordProcessor {
  const receiver = createReceiver();
  const queue: LogRecord[] = [];
  let timer: NodeJS.Timeout | undefined;
  let sending = false;
  let ended = false;

  async function send(records: LogRecord[]): Promise<void> {
    // All of one process have the same, which may still be found out.
    await records[0]?.resource.waitForAsyncAttributes?.();
    const { promise, resolve } = Promise.withResolvers<void>();
    const settle = ({ code, error }: ExportResult) => {
      if (code !== ExportResultCode.SUCCESS) {
        drop('export_failed', records.length);
        diag.error(`log records could not be sent: ${error?.message ?? 'no reason given'}`);
      }
      resolve();
    };
    // An instrumented HTTP client must not trace how logs are sent.
    context.with(suppressTracing(ROOT_CONTEXT), () => receiver.export(records, settle));
    await promise;
  }

  function sendNext(): void {
    timer = undefined;
    sending = true;
    // One that hangs is left to its own timeout: the next must not wait for it for ever.
    const limit = new AbortController();
    const late = delay(exportTimeoutMillis, undefined, { ref: false, signal: limit.signal }).catch(() => {});
    void Promise.race([send(queue.splice(0, maxExportBatchSize)), late]).then(() => {
      limit.abort();
      sending = false;
      schedule();
    });
  }

  function schedule(): void {
    if (ended || sending || queue.length === 0) return;
    if (queue.length >= maxExportBatchSize) {
      clearTimeout(timer);
      sendNext();
    } else timer ??= setTimeout(sendNext, scheduledDelayMillis).unref();
  }

  async function flush(): Promise<void> {
    const sent: Array<Promise<void>> = [];
    while (queue.length > 0) sent.push(send(queue.splice(0, maxExportBatchSize)));
    await Promise.all(sent);
    await receiver.forceFlush();
  }

  return {
    onEmit(record) {
      if (ended) return;
      if (queue.length >= maxQueueSize) {
        drop('queue_full', 1);
        return;
      }
      queue.push(record);
      schedule();
    },
    forceFlush: flush,
    async shutdown() {
      ended = true;
      clearTimeout(timer);
      await flush();
      await receiver.shutdown();
    },
  };
}

/** URL, headers, compression and retries are the SDK's, and so are the variables that it reads. */
function createReceiver() {
  const options = convertLegacyHttpOptions({}, 'LOGS', 'v1/logs', {
    'content-type': 'application/x-protobuf',
  });
  const items = { name: 'log' as const, countItems: (records: LogRecord[]) => records.length };
  return createOtlpHttpExportDelegate(
    options,
    ProtobufLogsSerializer,
    'otlp_http_log_exporter',
    items,
    undefined,
  );
}
