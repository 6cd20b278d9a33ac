import { Agent } from 'node:https';
import {
  convertLegacyHttpOptions,
  createOtlpHttpExportDelegate,
} from '@opentelemetry/otlp-exporter-base/node-http';
import type { OutgoingProxy } from '../../config/outgoing-proxy.ts';
import type { OtlpBatch } from './otlp-batch.ts';

/**
 * The SDK's OTLP exporter over HTTP, with its variables for each signal.
 *
 * @param signal the parts that differ between signals, in the SDK's terms
 * @param proxy the way to a receiver over TLS
 */
export function createReceiver<Item>(
  signal: {
    name: 'TRACES' | 'LOGS';
    path: string;
    item: 'span' | 'log';
    exporter: string;
    deserializeResponse(data: Uint8Array): unknown;
  },
  proxy?: OutgoingProxy,
) {
  const options = convertLegacyHttpOptions({}, signal.name, signal.path, {
    'content-type': 'application/x-protobuf',
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
  const serializer = {
    serializeRequest: (batch: OtlpBatch<Item>) => batch.toRequest(),
    deserializeResponse: signal.deserializeResponse,
  };
  const items = { name: signal.item, countItems: (batch: OtlpBatch<Item>) => batch.size };
  return createOtlpHttpExportDelegate(options, serializer, signal.exporter, items, undefined);
}
