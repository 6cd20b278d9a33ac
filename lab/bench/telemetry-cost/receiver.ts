import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { countItems } from '../shared/otlp-items.ts';

/** What was received of one signal. */
export interface Received {
  /** The export requests, without the compression of the transport. */
  requests: Buffer[];
  /** Spans or log records. */
  items: number;
}

export interface Receiver extends AsyncDisposable {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  url: string;
  traces: Received;
  logs: Received;
}

/** Receives OTLP over HTTP and keeps every export request. */
export async function startReceiver(): Promise<Receiver> {
  const server = createServer((request, response) => void take(request).then(() => response.end()));
  const receiver: Receiver = {
    url: '',
    traces: { requests: [], items: 0 },
    logs: { requests: [], items: 0 },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  async function take(request: IncomingMessage): Promise<void> {
    const content = decompress(await buffer(request), request.headers['content-encoding']);
    const received = request.url === '/v1/traces' ? receiver.traces : receiver.logs;
    received.requests.push(content);
    received.items += countItems(content);
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return receiver;
}

function decompress(content: Buffer, encoding: string | undefined): Buffer {
  if (encoding === 'gzip') return gunzipSync(content);
  return encoding === 'zstd' ? zstdDecompressSync(content) : content;
}
