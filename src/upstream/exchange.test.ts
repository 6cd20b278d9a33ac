import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createHttpDependency } from './exchange.ts';

test.each([
  ['as it came', String.raw`{"id":"\ud83c\udf75 \n 茶"}`, '🍵 \n 茶'],
  ['without NUL', String.raw`{"id":"a\u0000b"}`, 'a\ufffdb'],
  ['without half a surrogate pair', String.raw`{"id":"a\ud800b\udc00"}`, 'a\ufffdb\ufffd'],
])('a text of an answer arrives %s', async (_how, body, id) => {
  await using server = createServer((_request, response) => response.end(body)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const baseUrl = `http://127.0.0.1:${port}`;
  const dependency = createHttpDependency({ baseUrl, connections: 1, attemptTimeout: 10_000 });
  const answer = await dependency.post({ path: '/', headers: {}, body: null });
  await dependency.close();
  expect(answer).toMatchObject({ kind: 'answer', body: { id } });
});
