import { once } from 'node:events';
import { connect } from 'node:net';
import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { closeGently } from './gentle-close.ts';
import { createMalformedRequestHandler } from './malformed-requests.ts';
import { answerInTurn } from './turns.ts';

/** More than the buffers of two sockets hold, so that most of it waits for the reader. */
const length = 32_000_000;

async function shutDownWhileReading(read: 'on' | 'never') {
  const app = fastify({ forceCloseConnections: 'idle' });
  const malformed = createMalformedRequestHandler(() => {});
  const dropped = Promise.withResolvers<void>();
  closeGently(app, {
    ...malformed,
    dropIncompleteRequests() {
      malformed.dropIncompleteRequests();
      dropped.resolve();
    },
  });
  malformed.trackConnections(app, answerInTurn(app.server));
  app.get('/', () => Buffer.alloc(length));
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));

  const client = connect(Number(port), '127.0.0.1').on('error', () => {});
  let received = 0;
  client.on('data', (chunk) => (received += chunk.length));
  client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(client, 'data');
  client.pause();
  const closing = app.close();
  await dropped.promise;
  if (read === 'on') {
    client.resume();
    await once(client, 'close');
  }
  await closing;
  client.destroy();
  return received;
}

test('a shutdown lets a slow reader have the whole of an answer that is complete', async () => {
  expect(await shutDownWhileReading('on')).toBeGreaterThan(length);
});

test('a shutdown does not wait for a client that reads no further', async () => {
  expect(await shutDownWhileReading('never')).toBeLessThan(length);
});
