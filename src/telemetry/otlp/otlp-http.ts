import { Agent } from 'node:https';
import {
  convertLegacyHttpOptions,
  createOtlpHttpExportDelegate,
} from '@opentelemetry/otlp-exporter-base/node-http';
import type { OutgoingProxy } from '../../config/outgoing-proxy.ts';
import type { Receiver } from './export-queue.ts';
import type { OtlpBatch } from './otlp-batch.ts';
import { createReceiver, type Signal } from './otlp-receiver.ts';

/** By the name of the signal: the SDK's name of its exporter, and the path of the service. */
const services = {
  TRACES: { exporter: 'otlp_http_span_exporter', path: 'v1/traces' },
  LOGS: { exporter: 'otlp_http_log_exporter', path: 'v1/logs' },
} as const;

/**
 * The SDK's OTLP exporter over HTTP, with its variables for each signal.
 *
 * @param proxy the way to a receiver over TLS
 */
export function createHttpReceiver<Item>(
  signal: Signal,
  form: 'protobuf' | 'json',
  proxy?: OutgoingProxy,
): Receiver<OtlpBatch<Item>> {
  const { exporter, path } = services[signal.name];
  const options = convertLegacyHttpOptions({}, signal.name, path, {
    'content-type': form === 'json' ? 'application/json' : 'application/x-protobuf',
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
  const items = { name: signal.item, countItems: (batch: OtlpBatch<Item>) => batch.size };
  return createReceiver(signal, (serializer) =>
    createOtlpHttpExportDelegate(options, serializer, exporter, items, undefined),
  );
}
