import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { runProcess } from '../../../src/process.ts';
import { countItems } from './otlp-items.ts';

/**
 * Receives spans and log records over OTLP and counts them by request path, such as `<sender>/v1/traces`. It is its own
 * process, so that its processor time does not count as the service's. `GET /` returns the counts.
 */
const decompressions: Readonly<Record<string, (content: Buffer) => Buffer>> = {
  gzip: (content) => gunzipSync(content),
  zstd: (content) => zstdDecompressSync(content),
};
const counts: Record<string, number> = {};

const server = createServer((request, response) => {
  if (request.method === 'GET') response.end(JSON.stringify(counts));
  else void take(request).then(() => response.end());
});

async function take(request: IncomingMessage): Promise<void> {
  const path = request.url?.slice(1) ?? '';
  const content = await buffer(request);
  const decompress = decompressions[request.headers['content-encoding'] ?? ''];
  counts[path] = countItems(decompress === undefined ? content : decompress(content)) + (counts[path] ?? 0);
}

await runProcess(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    announcement: { url: `http://127.0.0.1:${port}` },
    closeDeadline: 1000,
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
});
