import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { runProcess } from '../src/process.ts';
import { countSpans } from './otlp-spans.ts';

/**
 * Takes spans over OTLP and counts them, each sender's by the path that it sends to: `POST /<sender>/v1/traces`. A
 * process of its own, so that what a collector does is not put down to the service. `GET /` gives the counts.
 */
const counts: Record<string, number> = {};

const server = createServer((request, response) => {
  const [, sender = ''] = request.url?.split('/') ?? [];
  if (request.method === 'GET') response.end(JSON.stringify(counts));
  else void take(sender, request).then(() => response.end());
});

async function take(sender: string, request: IncomingMessage): Promise<void> {
  const spans = countSpans(await buffer(request));
  counts[sender] = (counts[sender] ?? 0) + spans;
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
