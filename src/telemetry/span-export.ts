import { setTimeout as delay } from 'node:timers/promises';
import { context, diag, ROOT_CONTEXT, TraceFlags } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode, suppressTracing } from '@opentelemetry/core';
import {
  convertLegacyHttpOptions,
  createOtlpHttpExportDelegate,
} from '@opentelemetry/otlp-exporter-base/node-http';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import type { TelemetryConfig } from '../config.ts';
import { createSpanBatch, type SpanBatch } from './otlp-spans.ts';

/**
 * What the specification calls a batch processor and an OTLP exporter, but a span is encoded when it ends, and what
 * gets lost is counted. Nothing here waits for the receiver: while it is away batches are kept up to the queue's
 * bound, and spans beyond it are dropped.
 *
 * The way of a batch (URL, headers, compression, retries) is the SDK's, and so are the variables that it reads.
 *
 * @param drop told why spans were lost, and how many
 * @see https://opentelemetry.io/docs/specs/otel/trace/sdk/#batching-processor
 */
export function createSpanExport(
  { maxQueueSize, maxExportBatchSize, scheduledDelayMillis, exportTimeoutMillis }: TelemetryConfig['batch'],
  drop: (reason: string, count: number) => void,
): SpanProcessor {
  const receiver = createReceiver();
  const full: SpanBatch[] = [];
  let filling = createSpanBatch();
  let queued = 0;
  let timer: NodeJS.Timeout | undefined;
  let sending = false;
  let ended = false;

  const seal = () => {
    if (filling.size === 0) return;
    full.push(filling);
    filling = createSpanBatch();
  };

  const send = async (batch: SpanBatch) => {
    queued -= batch.size;
    await batch.settled();
    const { promise, resolve } = Promise.withResolvers<void>();
    const settle = ({ code, error }: ExportResult) => {
      if (code !== ExportResultCode.SUCCESS) {
        drop('export_failed', batch.size);
        diag.error(`spans could not be sent: ${error?.message ?? 'no reason given'}`);
      }
      resolve();
    };
    // An instrumented HTTP client must not trace how traces are sent.
    context.with(suppressTracing(ROOT_CONTEXT), () => receiver.export(batch, settle));
    await promise;
  };

  const sendNext = () => {
    clearTimeout(timer);
    timer = undefined;
    if (full.length === 0) seal();
    const batch = full.shift();
    if (batch === undefined) return;
    sending = true;
    // One that hangs is left to its own timeout: the next must not wait for it for ever.
    const limit = new AbortController();
    const late = delay(exportTimeoutMillis, undefined, { ref: false, signal: limit.signal }).catch(() => {});
    void Promise.race([send(batch), late]).then(() => {
      limit.abort();
      sending = false;
      schedule();
    });
  };

  const schedule = () => {
    if (sending || queued === 0) return;
    if (full.length > 0) sendNext();
    else timer ??= setTimeout(sendNext, scheduledDelayMillis).unref();
  };

  const flush = async () => {
    seal();
    await Promise.all(full.splice(0).map(send));
    await receiver.forceFlush();
  };

  return {
    onStart: () => {},
    onEnd(span) {
      if (ended || (span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
      if (queued >= maxQueueSize) {
        drop('queue_full', 1);
        return;
      }
      filling.add(span);
      queued += 1;
      if (filling.size >= maxExportBatchSize) seal();
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

function createReceiver() {
  const options = convertLegacyHttpOptions({}, 'TRACES', 'v1/traces', {
    'content-type': 'application/x-protobuf',
  });
  const serializer = {
    serializeRequest: (batch: SpanBatch) => batch.toRequest(),
    deserializeResponse: ProtobufTraceSerializer.deserializeResponse,
  };
  const items = { name: 'span' as const, countItems: (batch: SpanBatch) => batch.size };
  return createOtlpHttpExportDelegate(options, serializer, 'otlp_http_span_exporter', items, undefined);
}
