import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createForwarder } from './forwarder.ts';

const soon = { timeout: 10_000 };
const parcel = (bytes: number) => ({
  signal: 'logs' as const,
  type: 'application/json',
  encoding: undefined,
  body: Buffer.alloc(bytes),
});

/** A Collector that answers so. */
async function startCollector(answer: RequestListener) {
  const server = createServer(answer);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  return {
    destination: { url: `http://127.0.0.1:${port}/v1/logs`, headers: {} },
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

test('a request right after one that was too large is forwarded at once', async () => {
  using collector = await startCollector((_request, response) => response.end());
  const forwarder = createForwarder({ logs: collector.destination });
  forwarder.forward(parcel(16_777_217));
  forwarder.forward(parcel(10));
  await expect.poll(() => forwarder.state(), soon).toEqual({ sent: 1, dropped: 1, waiting: 0 });
  await forwarder.close(0);
});

test('a request is repeated when the Collector asked for it, and not before', async () => {
  const times: number[] = [];
  using collector = await startCollector((_request, response) => {
    times.push(performance.now());
    response.writeHead(times.length === 1 ? 503 : 200, { 'retry-after': '1' }).end();
  });
  const forwarder = createForwarder({ logs: collector.destination });
  forwarder.forward(parcel(10));
  await expect.poll(() => forwarder.state(), soon).toEqual({ sent: 1, dropped: 0, waiting: 0 });
  const [first = 0, second = 0] = times;
  // A timer may be a millisecond early.
  expect(second - first).toBeGreaterThan(990);
  await forwarder.close(0);
});

test('a Collector that takes too long is said not to answer', async () => {
  using collector = await startCollector(() => {});
  const forwarder = createForwarder({ logs: collector.destination }, 50);
  forwarder.forward(parcel(10));
  await expect.poll(() => forwarder.state().failure, soon).toBe('It does not answer.');
  await forwarder.close(0);
});
