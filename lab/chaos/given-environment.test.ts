import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { obstaclesOf } from './given-environment.ts';

test('a running service is refused by the options at which nothing answers, or that it does not take', async () => {
  const server = createServer((_request, response) => response.writeHead(401).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const port = (server.address() as AddressInfo).port;
  const unused = createServer();
  unused.listen(0, '127.0.0.1');
  await once(unused, 'listening');
  const silent = `http://127.0.0.1:${(unused.address() as AddressInfo).port}`;
  unused.close();
  await once(unused, 'close');

  const obstacles = await obstaclesOf({
    urls: [`http://127.0.0.1:${port}`],
    adminUrls: [silent],
    gatewayUrl: `http://127.0.0.1:${port}`,
    databaseUrl: silent.replace('http', 'postgres'),
    apiKey: 'wrong',
    prometheusUrl: silent,
  });
  const address = silent.slice('http://'.length);
  expect(obstacles).toEqual([
    `--url: http://127.0.0.1:${port} does not take this key: set --api-key.`,
    `--admin-url: ${silent} cannot be used (connect ECONNREFUSED ${address}).`,
    `--database-url: Postgres cannot be used (connect ECONNREFUSED ${address}).`,
    `--prometheus-url: ${silent} cannot be used (connect ECONNREFUSED ${address}).`,
  ]);
});
