import { setTimeout as delay } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { RawConnection } from '../support/clients/raw-connection.ts';
import { type Attack, authorization, chunk, get, host, json, order, post, posting } from './attack.ts';

const patiently = { timeout: 10_000 };
/** Milliseconds between two pieces of a slow client's input. */
const drip = 50;

async function sendSlowly(connection: RawConnection, start: string, piece: string): Promise<void> {
  connection.send(start);
  while (connection.socket.writable) {
    connection.send(piece);
    await Promise.race([delay(drip), connection.closed]);
  }
}

/** Bytes that the service may accept of a refused body: those that fit into the buffers on the way. */
const fewBytes = 64 * 1024 * 1024;
const gigabyte = 1024 ** 3;

/** Sends a gigabyte as fast as the service accepts it. */
async function sendEndlessly(connection: RawConnection, head: string, piece: Buffer): Promise<void> {
  connection.send(head);
  let sent = 0;
  while (sent < gigabyte && connection.socket.writable) {
    sent += piece.length;
    if (connection.socket.write(piece)) continue;
    const { promise: drained, resolve } = Promise.withResolvers<void>();
    connection.socket.once('drain', resolve);
    await Promise.race([drained, connection.closed]);
  }
  expect(sent).toBeLessThan(fewBytes);
}

const zeros = Buffer.alloc(65_536, '0');
const endless = `content-length: ${gigabyte}\r\n\r\n`;
const withoutKey = `POST /orders HTTP/1.1\r\n${host}${json}`;

/** Clients that are slow, greedy or gone. */
export const clients: readonly Attack[] = [
  { what: 'a connection and nothing else', send: () => {} },
  { what: 'half a request line', send: 'GET /ord' },
  {
    what: 'headers, one every 50 ms, endlessly (slowloris)',
    send: (connection) => sendSlowly(connection, get().slice(0, -2), 'x: 1\r\n'),
  },
  { what: 'half a request after a whole one', send: `${get()}GET /ord`, quiet: true },
  { what: 'a length and no body', send: `${posting}content-length: ${order.length}\r\n\r\n` },
  {
    what: 'a body, one byte every 50 ms',
    send: (connection) => sendSlowly(connection, `${posting}content-length: 60000\r\n\r\n`, ' '),
  },
  {
    what: 'a chunked body, one byte every 50 ms',
    send: (connection) => sendSlowly(connection, `${posting}transfer-encoding: chunked\r\n\r\n`, chunk(' ')),
  },
  {
    what: 'a body, one byte every 50 ms, without an API key',
    send: (connection) => sendSlowly(connection, `${withoutKey}content-length: 60000\r\n\r\n`, ' '),
  },
  {
    what: 'trailers, one every 50 ms, endlessly',
    send: (connection) =>
      sendSlowly(connection, `${posting}transfer-encoding: chunked\r\n\r\n${chunk(order)}0\r\n`, 'x: 1\r\n'),
  },
  {
    what: 'a body of a gigabyte',
    send: (connection) => sendEndlessly(connection, `${posting}${endless}`, zeros),
  },
  {
    what: 'a chunked body of a gigabyte',
    send: (connection) =>
      sendEndlessly(
        connection,
        `${posting}transfer-encoding: chunked\r\n\r\n`,
        Buffer.from(chunk(zeros.toString())),
      ),
  },
  {
    what: 'one chunk of a gigabyte',
    send: (connection) =>
      sendEndlessly(
        connection,
        `${posting}transfer-encoding: chunked\r\n\r\n${gigabyte.toString(16)}\r\n`,
        zeros,
      ),
  },
  {
    what: 'a body of a gigabyte without an API key',
    send: (connection) => sendEndlessly(connection, `${withoutKey}${endless}`, zeros),
  },
  {
    what: 'a chunked body of a gigabyte without an API key',
    send: (connection) =>
      sendEndlessly(
        connection,
        `${withoutKey}transfer-encoding: chunked\r\n\r\n`,
        Buffer.from(chunk(zeros.toString())),
      ),
  },
  {
    what: 'a body of a gigabyte to an unknown path',
    send: (connection) =>
      sendEndlessly(connection, `${posting.replace('/orders', '/nothing')}${endless}`, zeros),
  },
  {
    what: 'a body of a gigabyte with a GET',
    send: (connection) => sendEndlessly(connection, get(endless).slice(0, -2), zeros),
  },
  { what: '100 requests at once', send: get('', '/nothing').repeat(100) },
  { what: '500 requests at once, more than may wait', send: get('', '/nothing').repeat(500) },
  {
    what: 'ten orders at once, then text that is not HTTP',
    send: `${post().repeat(10)}what is this\r\n\r\n`,
  },
  {
    what: 'a list and an order with half a body at once',
    send: `${get()}${post().slice(0, -20)}`,
    quiet: true,
  },
  {
    what: 'a list and an order with a malformed chunk at once',
    send: `${get()}${posting}transfer-encoding: chunked\r\n\r\nno chunk\r\n`,
  },
  { what: 'an order, then text that is not HTTP, at once', send: `${post()}what is this\r\n\r\n` },
  {
    what: 'a target that cannot be decoded, then text that is not HTTP, at once',
    send: `${get('', '/orders/%zz')}what is this\r\n\r\n`,
  },
  {
    what: 'an order with `connection: close`, then a request, at once',
    send: `${post(order, 'connection: close\r\n')}${get()}`,
  },
  {
    what: 'an order whose client closes its side before the answer (the order is placed)',
    send: ({ socket }) => void socket.end(post(order.replace('tok_visa', 'tok_slow'))),
    placesUnanswered: true,
  },
  {
    what: 'half a request line whose client closes its side',
    send: ({ socket }) => void socket.end('GET /ord'),
  },
  {
    what: 'half a body whose client closes its side',
    send: ({ socket }) => void socket.end(post().slice(0, -20)),
  },
  {
    what: 'half a body whose client resets the connection',
    async send(connection, { service }) {
      connection.send(post().slice(0, -20));
      // This request is answered after the half body has arrived.
      await fetch(service.url);
      connection.socket.resetAndDestroy();
    },
  },
  ...[1, 100].map(
    (count): Attack => ({
      what: `${count} ${count === 1 ? 'request' : 'requests at once'}, whose client resets the connection before the answer`,
      async send({ socket }, { measure }) {
        socket.pause();
        const before = await measure('http_requests_total');
        socket.write(get().repeat(count));
        await vi.waitUntil(async () => (await measure('http_requests_total')) > before, patiently);
        socket.resetAndDestroy();
      },
    }),
  ),
  { what: 'the admin listener: text that is not HTTP', send: 'what is this\r\n\r\n', listener: 'admin' },
  { what: 'the admin listener: half a request line', send: 'GET /met', listener: 'admin' },
  { what: 'the admin listener: no host', send: 'GET /livez HTTP/1.1\r\n\r\n', listener: 'admin' },
  { what: 'the admin listener: a target that cannot be decoded', send: get('', '/%zz'), listener: 'admin' },
  {
    what: 'the admin listener: a path of the API, with a key',
    send: get(authorization),
    listener: 'admin',
  },
  {
    what: 'the admin listener: a page whose name was pointed at it (DNS rebinding)',
    send: get('', '/metrics').replace(host, 'host: evil.example\r\n'),
    listener: 'admin',
  },
  {
    what: 'the admin listener: a profile, for a page of another site',
    send: `POST /profile/cpu?seconds=1 HTTP/1.1\r\n${host}origin: https://evil.example\r\ncontent-length: 0\r\n\r\n`,
    listener: 'admin',
  },
  {
    what: 'the admin listener: a method that a path does not have',
    send: `DELETE /metrics HTTP/1.1\r\n${host}\r\n`,
    listener: 'admin',
  },
  {
    what: 'the admin listener: a body of a gigabyte',
    send: (connection) =>
      sendEndlessly(connection, `PUT /log-level HTTP/1.1\r\n${host}${json}${endless}`, zeros),
    listener: 'admin',
  },
];
