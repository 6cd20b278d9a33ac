import type { ExportResult } from '@opentelemetry/core';
import type { Receiver } from './export-queue.ts';
import type { OtlpBatch } from './otlp-batch.ts';
import { type PartialSuccess, readPartialSuccess } from './partial-success.ts';

/** The forms in which telemetry leaves: two over HTTP, and protobuf over gRPC. */
export type OtlpForm = 'protobuf' | 'json' | 'grpc';

/** What differs between the signals, in the SDK's terms. */
export interface Signal {
  name: 'TRACES' | 'LOGS';
  item: 'span' | 'log';
  deserializeResponse(data: Uint8Array): unknown;
}

interface Serializer<Item> {
  serializeRequest(batch: OtlpBatch<Item>): Uint8Array;
  deserializeResponse(data: Uint8Array): object;
}

/** An exporter of the SDK. */
interface Exporter<Item> {
  export(batch: OtlpBatch<Item>, done: (result: ExportResult) => void): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** Lets an exporter of the SDK tell what the receiver did not take of a batch: by itself it logs that, without a count. */
export function createReceiver<Item>(
  { deserializeResponse }: Signal,
  createExporter: (serializer: Serializer<Item>) => Exporter<Item>,
): Receiver<OtlpBatch<Item>> {
  // The SDK reads an answer and reports the end of the export in one go, so the last answer is the one to it.
  let partial: PartialSuccess | undefined;
  const exporter = createExporter({
    serializeRequest: (batch) => batch.toRequest(),
    deserializeResponse(data) {
      partial = readPartialSuccess(data, deserializeResponse);
      return {};
    },
  });
  return {
    export(batch, done) {
      exporter.export(batch, ({ code, error }) => {
        const ofThis = partial;
        partial = undefined;
        done({ code, error, partial: ofThis });
      });
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}
