import {
  type Attack,
  chunk,
  chunked,
  get,
  host,
  json,
  order,
  post,
  posting,
  authorization,
} from './attack.ts';

const length = `content-length: ${order.length}\r\n`;
const encoding = (value: string) => `${posting}transfer-encoding:${value}\r\n\r\n${chunk(order)}0\r\n\r\n`;
const bytes = Array.from(order);
/** The hidden request of a smuggling attack. */
const smuggled = get('', '/smuggled');

/**
 * Requests whose end a proxy in front could read differently from the service.
 *
 * @see https://portswigger.net/web-security/request-smuggling
 */
export const framing: readonly Attack[] = [
  {
    what: 'CL.TE: a length and a chunked body, with a request in the rest',
    send: `${posting}content-length: ${smuggled.length + 5}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  },
  {
    what: 'TE.CL: a chunked body and a length, with a request in the first chunk',
    send: `${posting}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n${chunk(smuggled)}0\r\n\r\n`,
  },
  { what: '`transfer-encoding: xchunked`', send: encoding(' xchunked') },
  { what: '`transfer-encoding: gzip, chunked`', send: encoding(' gzip, chunked') },
  { what: '`transfer-encoding: chunked, identity`', send: encoding(' chunked, identity') },
  { what: '`transfer-encoding: "chunked"`, quoted', send: encoding(' "chunked"') },
  { what: '`transfer-encoding` with a vertical tab before `chunked`', send: encoding('\x0bchunked') },
  { what: '`transfer-encoding` twice', send: encoding(' chunked\r\ntransfer-encoding: cow') },
  {
    what: '`transfer-encoding : chunked`, with a space before the colon',
    send: `${posting}${length}transfer-encoding : chunked\r\n\r\n${order}`,
  },
  {
    what: '`transfer-encoding: identity` and a length',
    send: post(order, 'transfer-encoding: identity\r\n'),
  },
  {
    what: '`transfer-encoding: chunked` in HTTP/1.0',
    send: `POST /orders HTTP/1.0\r\n${host}${authorization}${json}transfer-encoding: chunked\r\n\r\n${chunk(order)}0\r\n\r\n`,
  },
  { what: '`content-length` twice, with the same value', send: post(order, length) },
  { what: '`content-length` twice, with different values', send: post(order, 'content-length: 5\r\n') },
  { what: '`content-length: 128, 128`', send: `${posting}content-length: 128, 128\r\n\r\n${order}` },
  { what: '`content-length: +128`', send: `${posting}content-length: +128\r\n\r\n${order}` },
  { what: '`content-length: -1`', send: `${posting}content-length: -1\r\n\r\n${order}` },
  { what: '`content-length: 0x80`', send: `${posting}content-length: 0x80\r\n\r\n${order}` },
  {
    what: '`content-length` beyond 2^64',
    send: `${posting}content-length: 99999999999999999999\r\n\r\n${order}`,
  },
  {
    what: 'a length shorter than the body, with a request in the rest',
    send: `${posting}content-length: ${order.length}\r\n\r\n${order}${smuggled}`,
  },
  { what: 'a length of 0 and a body', send: `${posting}content-length: 0\r\n\r\n${order}` },
  {
    what: 'a GET with a body, and a request in it',
    send: `${get(`content-length: ${smuggled.length}\r\n`)}${smuggled}`,
  },
  { what: 'a chunk of the size `zz`', send: `${posting}transfer-encoding: chunked\r\n\r\nzz\r\n` },
  {
    what: 'a chunk of the size `0x80`',
    send: `${posting}transfer-encoding: chunked\r\n\r\n0x80\r\n${order}`,
  },
  {
    what: 'a chunk size beyond 2^64',
    send: `${posting}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n`,
  },
  {
    what: 'a chunk longer than its size',
    send: `${posting}transfer-encoding: chunked\r\n\r\n5\r\n${order}\r\n0\r\n\r\n`,
  },
  {
    what: 'a chunk extension',
    send: `${posting}transfer-encoding: chunked\r\n\r\n${chunk(order, ';a=b')}0\r\n\r\n`,
  },
  {
    what: 'a chunk extension that ends in a bare line feed',
    send: `${posting}transfer-encoding: chunked\r\n\r\n${order.length.toString(16)};a\n${order}\r\n0\r\n\r\n`,
  },
  {
    what: 'a chunk extension of 20 kB',
    send: `${posting}transfer-encoding: chunked\r\n\r\n${chunk(order, `;a=${'b'.repeat(20_000)}`)}0\r\n\r\n`,
  },
  {
    what: 'an order in chunks of one byte, with an extension of 200 bytes each',
    send: `${posting}transfer-encoding: chunked\r\n\r\n${bytes.map((byte) => chunk(byte, `;a=${'b'.repeat(200)}`)).join('')}0\r\n\r\n`,
  },
  {
    what: 'an order in chunks of one byte',
    send: `${posting}transfer-encoding: chunked\r\n\r\n${bytes.map((byte) => chunk(byte)).join('')}0\r\n\r\n`,
  },
  {
    what: 'trailers that would be headers: another API key, an idempotency key, a length',
    send: chunked(order).replace(
      /\r\n$/,
      'authorization: Bearer shop-key\r\nidempotency-key: k\r\ncontent-length: 5\r\n\r\n',
    ),
  },
  {
    what: 'trailers of 40 kB',
    send: chunked(order).replace(/\r\n$/, `${`x: ${'y'.repeat(1000)}\r\n`.repeat(40)}\r\n`),
  },
  { what: 'lines that end in a bare line feed', send: get().replaceAll('\r\n', '\n') },
  { what: 'one header that ends in a bare line feed', send: get('x-one: 1\nx-two: 2\r\n') },
  { what: 'a bare carriage return in a header', send: get('x-one: 1\rx-two: 2\r\n') },
  { what: 'a header folded over two lines', send: get('x-one: 1\r\n 2\r\n') },
  { what: 'a space before the colon of a header', send: get('x-one : 1\r\n') },
  { what: 'a space before the first header', send: get().replace('host', ' host') },
  { what: 'a header without a colon', send: get('x-one\r\n') },
  { what: 'a header without a name', send: get(': 1\r\n') },
];
