import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Targets } from '../console/targets.ts';

/** A stand-in of a service that has nothing but metrics. @param expose their text in the format of OpenMetrics, at each scrape */
export async function serveMetrics(expose: () => string): Promise<AsyncDisposable & { targets: Targets }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/openmetrics-text');
    response.end(expose());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    targets: { apiUrl: url, apiKey: 'none', metricsUrl: `${url}/metrics` },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
