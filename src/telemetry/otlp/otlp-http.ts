import { Agent } from 'node:https';
import {
  convertLegacyHttpOptions,
  createOtlpHttpExportDelegate,
} from '@opentelemetry/otlp-exporter-base/node-http';
import type { OutgoingProxy } from '../../config/outgoing-proxy.ts';
import type { Receiver } from './export-queue.ts';
import type { OtlpBatch } from './otlp-batch.ts';
import { type PartialSuccess, readPartialSuccess } from './partial-success.ts';

/** The forms of OTLP over HTTP. */
export type OtlpForm = 'protobuf' | 'json';

/**
 * The SDK's OTLP exporter over HTTP, with its variables for each signal.
 *
 * @param signal the parts that differ between signals and forms, in the SDK's terms
 * @param proxy the way to a receiver over TLS
 */
export function createReceiver<Item>(
  signal: {
    name: 'TRACES' | 'LOGS';
    path: string;
    item: 'span' | 'log';
    exporter: string;
    form: OtlpForm;
    deserializeResponse(data: Uint8Array): unknown;
  },
  proxy?: OutgoingProxy,
): Receiver<OtlpBatch<Item>> {
  const options = convertLegacyHttpOptions({}, signal.name, signal.path, {
    'content-type': signal.form === 'json' ? 'application/json' : 'application/x-protobuf',
  });
  const { agentFactory } = options;
  if (proxy !== undefined) {
    const proxyEnv = { HTTPS_PROXY: proxy.url.reveal(), NO_PROXY: proxy.except };
    options.agentFactory = async (protocol) => {
      const agent = await agentFactory(protocol);
      // The agent of the SDK knows the certificates that its variables name, and no proxy.
      return agent instanceof Agent ? new Agent({ ...agent.options, proxyEnv }) : agent;
    };
  }
  // The SDK reads an answer and reports the end of the export in one go, so the last answer is the one to it.
  let partial: PartialSuccess | undefined;
  const serializer = {
    serializeRequest: (batch: OtlpBatch<Item>) => batch.toRequest(),
    deserializeResponse(data: Uint8Array) {
      partial = readPartialSuccess(data, signal.deserializeResponse);
      // The SDK would log it without a count.
      return {};
    },
  };
  const items = { name: signal.item, countItems: (batch: OtlpBatch<Item>) => batch.size };
  const exporter = createOtlpHttpExportDelegate(options, serializer, signal.exporter, items, undefined);
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
