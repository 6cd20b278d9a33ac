import { once } from 'node:events';
import { connect } from 'node:net';
import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import type { Config } from '../../config/config.ts';
import { closeGently } from './gentle-close.ts';
import { createMalformedRequestHandler } from './malformed-requests.ts';
import { answerInTurn } from './turns.ts';

/** More than the buffers of two sockets hold, so that most of it waits for the reader. */
const length = 32_000_000;

async function shutDownWhileReading(read: 'on' | 'never', shutdown: Config['shutdown']) {
  const app = fastify({ forceCloseConnections: 'idle' });
  const malformed = createMalformedRequestHandler(() => {});
  const dropped = Promise.withResolvers<void>();
  const connections = {
    ...malformed,
    dropIncompleteRequests() {
      malformed.dropIncompleteRequests();
      dropped.resolve();
    },
  };
  closeGently(app, connections, shutdown);
  malformed.trackConnections(app, answerInTurn(app.server));
  app.get('/', () => Buffer.alloc(length));
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));

  const client = connect(Number(port), '127.0.0.1').on('error', () => {});
  let received = 0;
  client.on('data', (chunk) => (received += chunk.length));
  client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(client, 'data');
  client.pause();
  const startedAt = performance.now();
  const closing = app.close();
  await dropped.promise;
  if (read === 'on') {
    client.resume();
    await once(client, 'close');
  }
  await closing;
  const took = performance.now() - startedAt;
  client.destroy();
  return { received, took };
}

test('a shutdown lets a slow reader have the whole of an answer that is complete', async () => {
  const { received } = await shutDownWhileReading('on', { drainDelay: 0, deadline: 10_000 });
  expect(received).toBeGreaterThan(length);
});

test('a client that reads no further does not hold up a shutdown until its deadline', async () => {
  const rest = 1500;
  const shutdown = { drainDelay: 30_000, deadline: 30_000 + rest };
  const { received, took } = await shutDownWhileReading('never', shutdown);
  expect(received).toBeLessThan(length);
  expect(took).toBeLessThan(rest);
});
