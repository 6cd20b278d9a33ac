import { gzipSync } from 'node:zlib';
import { type Attack, authorization, get, host, json, order, post, posting } from './attack.ts';

/** The first bytes of a TLS handshake: a record of type 22, version 3.1, that holds a ClientHello. */
const clientHello = Buffer.from(`16030100c8010000c40303${'5a'.repeat(32)}00`, 'hex');
const bomb = gzipSync(Buffer.alloc(10_000_000)).toString('latin1');
const expecting = (value: string, lines = authorization) =>
  `POST /orders HTTP/1.1\r\n${host}${lines}${json}expect: ${value}\r\n`;

/** Protocols other than HTTP/1.1, and features of HTTP/1.1 that this API does not offer. */
export const protocols: readonly Attack[] = [
  { what: 'a TLS handshake', send: clientHello },
  { what: 'the preface of HTTP/2', send: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' },
  { what: 'HTTP/0.9', send: 'GET /orders\r\n\r\n' },
  { what: '`HTTP/0.9` in the request line', send: get().replace('HTTP/1.1', 'HTTP/0.9') },
  { what: '`HTTP/1.2` in the request line', send: get().replace('HTTP/1.1', 'HTTP/1.2') },
  { what: '`HTTP/2.0` in the request line', send: get().replace('HTTP/1.1', 'HTTP/2.0') },
  { what: 'HTTP/1.0, without a host', send: `GET /orders?limit=1 HTTP/1.0\r\n${authorization}\r\n` },
  {
    what: 'binary noise',
    send: Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 197) % 256)),
  },
  { what: '10 kB of null bytes', send: Buffer.alloc(10_000) },
  { what: 'empty lines alone, then a request', send: `${'\r\n'.repeat(100)}${get()}` },
  { what: 'an unknown method', send: get().replace('GET', 'FETCH') },
  { what: 'a method in lower case', send: get().replace('GET', 'get') },
  { what: 'a method of WebDAV: PROPFIND', send: get('', '/orders').replace('GET', 'PROPFIND') },
  {
    what: 'TRACE, which would echo the API key',
    send: get('', '/orders').replace('GET', 'TRACE'),
  },
  { what: 'CONNECT', send: 'CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n' },
  {
    what: 'CONNECT with a body',
    send: 'CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\ncontent-length: 5\r\n\r\nhello',
  },
  {
    what: '`upgrade: websocket`',
    send: get(
      'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n',
    ),
  },
  {
    what: '`upgrade: h2c`',
    send: get('connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n'),
  },
  {
    what: '`expect: 100-continue`, and the body at once',
    send: `${expecting('100-continue')}content-length: ${order.length}\r\n\r\n${order}`,
  },
  {
    what: '`expect: 100-continue` with a body that is too large',
    send: `${expecting('100-continue')}content-length: 1000000000\r\n\r\n`,
  },
  {
    what: '`expect: 100-continue` without an API key',
    send: `${expecting('100-continue', '')}content-length: ${order.length}\r\n\r\n`,
  },
  {
    what: '`expect: 100-continue` to an unknown path',
    send: `${expecting('100-continue').replace('/orders', '/nothing')}content-length: 0\r\n\r\n`,
  },
  { what: '`expect: 200-ok`', send: `${expecting('200-ok')}content-length: ${order.length}\r\n\r\n${order}` },
  {
    what: '`expect: 100-continue, 200-ok`',
    send: `${expecting('100-continue, 200-ok')}content-length: ${order.length}\r\n\r\n${order}`,
  },
  { what: '`content-encoding: gzip` with plain JSON', send: post(order, 'content-encoding: gzip\r\n') },
  {
    what: '`content-encoding: gzip` with 10 kB that expand to 10 MB',
    send: post(bomb, 'content-encoding: gzip\r\n'),
  },
  { what: '`content-encoding: br, gzip`', send: post(order, 'content-encoding: br, gzip\r\n') },
  { what: '`accept-encoding: identity;q=0, *;q=0`', send: get('accept-encoding: identity;q=0, *;q=0\r\n') },
  { what: '`accept: image/png`', send: get('accept: image/png\r\n') },
  { what: '`range: bytes=0-1`', send: get('range: bytes=0-1\r\n') },
  {
    what: 'a thousand ranges of one byte of a file',
    send: get(`range: bytes=${'0-0,'.repeat(1000)}1-1\r\n`, '/docs/reference.css'),
  },
  {
    what: '`x-http-method-override: DELETE`',
    send: get('x-http-method-override: DELETE\r\nx-method-override: DELETE\r\n'),
  },
  {
    what: '`connection: close, keep-alive, authorization`',
    send: get('connection: close, keep-alive, authorization\r\n'),
  },
  { what: 'a body that starts with a byte order mark', send: post(`\xef\xbb\xbf${order}`) },
  {
    what: 'garbage right after an order',
    send: `${posting}content-length: ${order.length}\r\n\r\n${order}\0\0\0\0`,
  },
];
