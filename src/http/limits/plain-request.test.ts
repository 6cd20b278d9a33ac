import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { duplexPair } from 'node:stream';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readPlainRequest } from './plain-request.ts';

const read = (chunk: string) => readPlainRequest(Buffer.from(chunk, 'latin1'));
const usual =
  'POST /lists HTTP/1.1\r\nhost: x\r\nIdempotency-Key: "k 1"\r\ncontent-length: 2\r\nConnection: Keep-Alive\r\n\r\n{}';

test('a plain request is read with its target and its fields', () => {
  expect(read(usual)).toEqual({
    method: 'POST',
    url: '/lists',
    headers: { host: 'x', 'idempotency-key': '"k 1"', 'content-length': '2', connection: 'Keep-Alive' },
    rawHeaders: ['host', 'x', 'Idempotency-Key', '"k 1"', 'content-length', '2', 'Connection', 'Keep-Alive'],
  });
  expect(read('GET /lists/1?a=b HTTP/1.1\r\nhost: x\r\n\r\n')).toMatchObject({ url: '/lists/1?a=b' });
});

test.each([
  ['is not whole', usual.slice(0, -1)],
  ['is without the end of its head', 'GET / HTTP/1.1\r\nhost: x\r\n'],
  ['is followed by another', `${usual}GET / HTTP/1.1\r\nhost: x\r\n\r\n`],
  ['comes after an empty line', `\r\n${usual}`],
  ['has another method', usual.replace('POST', 'HEAD')],
  ['is of HTTP/1.0', usual.replace('1.1', '1.0')],
  ['names a server', usual.replace('/lists', 'http://x/lists')],
  ['has a fragment', usual.replace('/lists', '/lists#x')],
  ['has bare line feeds', usual.replaceAll('\r\n', '\n')],
  ['has a space before a colon', usual.replace('host:', 'host :')],
  ['has no space after a colon', usual.replace('host: ', 'host:')],
  ['has a space at the end of a line', usual.replace('host: x', 'host: x ')],
  ['has a folded line', usual.replace('host: x', 'host: x\r\n y')],
  ['has a tab', usual.replace('host: x', 'host: \tx')],
  ['has text that is not ASCII', usual.replace('host: x', 'host: \u00e9')],
  ['has a field twice', usual.replace('host: x', 'host: x\r\nHost: y')],
  ['has two lengths', usual.replace('host: x', 'host: x\r\nContent-Length: 2')],
  ['has a signed length', usual.replace('length: 2', 'length: +2')],
  ['has a long length', usual.replace('length: 2', 'length: 00002')],
  ['is chunked', usual.replace('content-length: 2', 'transfer-encoding: chunked')],
  ['expects to be told to go on', usual.replace('host: x', 'host: x\r\nexpect: 100-continue')],
  ['wants another protocol', usual.replace('host: x', 'host: x\r\nupgrade: h2c')],
  ['ends its connection', usual.replace('Keep-Alive', 'close')],
  ['is very long', usual.replace('"k 1"', 'k'.repeat(8192))],
])('a request that %s is left to the parser', (_what, chunk) => {
  expect(read(chunk)).toBeUndefined();
});

/** What Node's parser makes of a chunk and of a request after it. */
async function parsed(chunk: Buffer) {
  const seen: Array<Promise<unknown>> = [];
  const server = createServer(
    { joinDuplicateHeaders: true, requireHostHeader: false },
    (request, response) => {
      const { method, url, headers, rawHeaders } = request;
      const body = text(request.setEncoding('latin1'));
      seen.push(body.then((whole) => ({ method, url, headers: { ...headers }, rawHeaders, body: whole })));
      void body.then(() => response.end());
    },
  );
  const [client, connection] = duplexPair();
  server.emit('connection', connection);
  client.resume().once('end', () => client.end());
  const closed = new Promise((resolve) => connection.once('close', resolve));
  client.write(chunk);
  client.write('GET /next HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  await closed;
  return Promise.all(seen);
}

const field = fc.constantFrom(
  'host: x',
  'Idempotency-Key: "a b"',
  'x-a: 1',
  '__proto__: 1',
  'Accept: */*',
  'connection: keep-alive',
  'transfer-encoding: chunked',
  'Content-Length: 3',
  'Expect: 100-continue',
  'x-a:2',
  'x-b : 1',
  'x-c: \u00e9',
);
const whole = fc
  .record({
    line: fc.constantFrom('GET /lists HTTP/1.1', 'POST /lists?a=%20 HTTP/1.1', 'POST //x HTTP/1.1'),
    fields: fc.uniqueArray(field, { maxLength: 4 }),
    body: fc.constantFrom('', '{}', '{"a":1}', 'GET / HTTP/1.1\r\n\r\n'),
  })
  .map(({ line, fields, body }) =>
    [line, ...fields, ...(body === '' ? [] : [`content-length: ${body.length}`]), '', body].join('\r\n'),
  );
/** What two readers may see differently, put somewhere in place of some bytes. */
const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  bytes: fc.nat(2),
  by: fc.constantFrom(
    '',
    ' ',
    '\t',
    '\r',
    '\n',
    '\r\n',
    '\r\n ',
    ':',
    ',',
    '0',
    '9',
    '\u0000',
    'a',
    '\u00e9',
    '#',
  ),
});
const chunks = fc.tuple(whole, fc.array(edit, { maxLength: 2 })).map(([request, edits]) => {
  const edited = edits.reduce((before, { at, bytes, by }) => {
    const index = Math.floor(at * before.length);
    return before.slice(0, index) + by + before.slice(index + bytes);
  }, request);
  return Buffer.from(edited, 'latin1');
});

test('whatever is read as a plain request is the same for Node, which finds nothing before or after it', async () => {
  let plain = 0;
  await fc.assert(
    fc.asyncProperty(chunks, async (chunk) => {
      const request = readPlainRequest(chunk);
      if (request === undefined) return;
      plain += 1;
      const { method, url, rawHeaders } = request;
      // Node leaves out a field of this name.
      const { __proto__: _, ...headers } = request.headers;
      const [first, ...others] = await parsed(chunk);
      const body = chunk.toString('latin1', chunk.indexOf('\r\n\r\n') + 4);
      expect(first).toEqual({ method, url, headers, rawHeaders, body });
      expect(others).toMatchObject([{ url: '/next' }]);
    }),
    { numRuns: 3000 },
  );
  expect(plain).toBeGreaterThan(200);
});
