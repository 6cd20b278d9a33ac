import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHttpPaymentGateway } from './http-payment-gateway.ts';
import type { Charge } from './payment-gateway.ts';

const charge: Charge = { key: 'order-1', amountMinor: 900, currency: 'EUR', paymentToken: 'tok_visa' };
const context = { requestId: 'request-1' };
const attemptTimeout = 1000;

const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A gateway whose responses `respond` writes byte by byte, and a client for it. */
async function gatewayThat(respond: (socket: Socket) => void, options: { path?: string } = {}) {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let received = '';
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
      const [head = '', body] = received.split('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (body === undefined || body.length < length) return;
      requests.push(received);
      received = '';
      respond(socket);
    });
  });
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await listening;
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  closers.push(stop);
  return { requests, stop, ...clientOf(`http://127.0.0.1:${port}${options.path ?? ''}`) };
}

function clientOf(baseUrl: string) {
  const gateway = createHttpPaymentGateway({ baseUrl, connections: 2, attemptTimeout });
  closers.push(() => gateway.close());
  return { gateway };
}

function response(status: number, body: unknown, headers = ''): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return `HTTP/1.1 ${status} Whatever\r\n${headers}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

/** The obsolete form of RFC 9110, section 5.6.7: `Sun Nov  6 08:49:37 1994`. */
const asctime = (_date: string, name: string, day: string, month: string, year: string, time: string) =>
  `${name} ${month} ${day.padStart(2)} ${time} ${year}`;

const charged = { id: 'ch_1', status: 'succeeded', amountMinor: 900, currency: 'EUR' };
const malformed = { kind: 'unknown', reason: 'malformed_answer' };
const broken = { kind: 'unknown', reason: 'gateway_error' };
const rejected = { kind: 'unavailable', reason: 'rejected' };
const refused = (refusalCode: string) => ({ kind: 'refused', refusalCode });
const rateLimited = { kind: 'unavailable', reason: 'rate_limited' };

describe('the outcome of a charge', () => {
  test.each<[string, string, object]>([
    ['201', response(201, charged), { kind: 'succeeded', paymentId: 'ch_1' }],
    [
      '200 for a repeated key, with unknown members',
      response(200, { ...charged, x: 1 }),
      { kind: 'succeeded', paymentId: 'ch_1' },
    ],
    ['201 with a NUL in the id', response(201, { ...charged, id: 'ch\0 1' }), { paymentId: 'ch\ufffd 1' }],
    ['201 over another amount', response(201, { ...charged, amountMinor: 901 }), malformed],
    ['201 in another currency', response(201, { ...charged, currency: 'USD' }), malformed],
    ['201 with the amount as a text', response(201, { ...charged, amountMinor: '900' }), malformed],
    ['201 without an id', response(201, { ...charged, id: '' }), malformed],
    ['201 with another status', response(201, { ...charged, status: 'pending' }), malformed],
    ['201 with null', response(201, null), malformed],
    ['201 with an empty body', response(201, ''), malformed],
    ['201 with half a JSON', response(201, '{"id":"ch_'), malformed],
    ['201 with a page of HTML', response(201, '<html>Thank you</html>'), malformed],
    ['100 without a request for it', `HTTP/1.1 100 Continue\r\n\r\n${response(201, charged)}`, malformed],
    ['101', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n', malformed],
    [
      '103, then 201',
      `HTTP/1.1 103 Early Hints\r\n\r\n${response(201, charged)}`,
      { kind: 'succeeded', paymentId: 'ch_1' },
    ],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', malformed],
    ['302, which is not followed', response(302, '', 'location: http://127.0.0.1:1/\r\n'), malformed],
    ['402', response(402, { status: 402, declineCode: 'expired_card' }), declined('expired_card')],
    [
      '402 with a NUL and half a surrogate pair in the reason',
      response(402, { status: 402, declineCode: 'a\0b\ud800c' }),
      declined('a\ufffdb\ufffdc'),
    ],
    ['402 without a reason', response(402, { status: 402 }), malformed],
    ['402 that is not JSON', response(402, 'Payment Required'), malformed],
    ['409 for a cancelled key', response(409, { code: 'charge_cancelled' }), { kind: 'cancelled' }],
    ['409 for anything else', response(409, { code: 'busy' }), { kind: 'unavailable', reason: 'key_in_use' }],
    ['400', response(400, { code: 'amount_too_small' }), refused('amount_too_small')],
    ['400 with a NUL in the code', response(400, { code: 'a\0b' }), refused('a\ufffdb')],
    ['400 without a code', response(400, 'Bad Request'), refused('http_400')],
    ['400 with a code without end', response(400, { code: 'x'.repeat(65) }), refused('http_400')],
    ['401', response(401, ''), rejected],
    ['403', response(403, { code: 'forbidden' }), rejected],
    ['404', response(404, 'no such page'), rejected],
    ['408', response(408, ''), broken],
    ['413', response(413, ''), refused('http_413')],
    ['415', response(415, ''), rejected],
    ['422', response(422, { code: 'currency_not_supported' }), refused('currency_not_supported')],
    ['451', response(451, { code: 'sanctions' }), refused('sanctions')],
    ['429 without Retry-After', response(429, ''), rateLimited],
    ['429 with seconds', response(429, '', 'retry-after: 2\r\n'), { ...rateLimited, retryAfter: 2000 }],
    ['429 with an age', response(429, '', 'retry-after: 99999999\r\n'), { retryAfter: 99_999_999_000 }],
    [
      '429 with a date that has passed',
      response(429, '', 'retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n'),
      { ...rateLimited, retryAfter: 0 },
    ],
    ['429 with nonsense', response(429, '', 'retry-after: soon\r\n'), rateLimited],
    ['500', response(500, { code: 'gateway_error' }), broken],
    ['500 with Retry-After', response(500, '', 'retry-after: 2\r\n'), broken],
    ['503 with Retry-After', response(503, '', 'retry-after: 2\r\n'), { ...broken, retryAfter: 2000 }],
    ['503 with a body that looks like success', response(503, charged), broken],
    ['bytes that are not HTTP', 'SSH-2.0-OpenSSH_9.9\r\n', malformed],
    ['headers beyond the size limit', `HTTP/1.1 201 Created\r\nx: ${'x'.repeat(100_000)}`, malformed],
  ])('the outcome of a charge follows from the response %s', async (_name, bytes, expected) => {
    const { gateway } = await gatewayThat((socket) => socket.write(bytes));
    const outcome = await gateway.charge(charge, context);
    expect(outcome).toMatchObject(expected);
    expect('retryAfter' in outcome).toBe('retryAfter' in expected);
  });

  test.each([
    ['as most send it', (date: Date) => date.toUTCString()],
    [
      'without a zone',
      (date: Date) => date.toUTCString().replace(/^(\w+), 0?(\d+) (\w+) (\d+) (.+) GMT$/, asctime),
    ],
  ])('a Retry-After date %s is turned into a wait from now, in any time zone', async (_form, write) => {
    vi.stubEnv('TZ', 'America/New_York');
    closers.push(() => vi.unstubAllEnvs());
    const date = write(new Date(Date.now() + 60_000));
    const { gateway } = await gatewayThat((socket) =>
      socket.write(response(429, '', `retry-after: ${date}\r\n`)),
    );
    const outcome = await gateway.charge(charge, context);
    const wait = outcome.kind === 'unavailable' ? outcome.retryAfter : undefined;
    expect(wait).toBeGreaterThan(55_000);
    expect(wait).toBeLessThanOrEqual(60_000);
  });

  test('an endless response is cut off long before it fills the memory', async () => {
    let sent = 0;
    const chunk = `10000\r\n${'x'.repeat(0x1_0000)}\r\n`;
    const { gateway } = await gatewayThat((socket) => {
      const send = () => {
        while (!socket.destroyed && socket.write(chunk)) sent += chunk.length;
      };
      socket.write('HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n');
      socket.on('drain', send);
      send();
    });
    expect(await gateway.charge(charge, context)).toMatchObject(malformed);
    // The buffers of both sockets fill up before the client reads the first byte.
    expect(sent).toBeLessThan(16_000_000);
  });

  test('a response with a content length of 100 MB is not read', async () => {
    const head = 'HTTP/1.1 201 Created\r\ncontent-length: 100000000\r\n\r\n';
    const { gateway } = await gatewayThat((socket) => socket.write(head + 'x'.repeat(200_000)));
    expect(await gateway.charge(charge, context)).toMatchObject(malformed);
  });
});

describe('a charge without a response', () => {
  const head = 'HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{"id":';
  const lost = { kind: 'unknown', reason: 'connection_lost' };

  test.each<[string, (socket: Socket) => void, object]>([
    ['is reset before the response', (socket) => socket.resetAndDestroy(), lost],
    ['is closed before the response', (socket) => socket.end(), lost],
    [
      'is reset in the middle of the response',
      (socket) => socket.write(head, () => socket.resetAndDestroy()),
      lost,
    ],
    ['is closed in the middle of the response', (socket) => socket.end(head), lost],
  ])('a charge is in doubt when its connection %s', async (_name, respond, expected) => {
    const { gateway } = await gatewayThat(respond);
    expect(await gateway.charge(charge, context)).toMatchObject(expected);
  });

  test.each<[string, (socket: Socket) => void]>([
    ['stays silent', () => {}],
    ['falls silent after the headers', (socket) => socket.write(head)],
    [
      'drips its response byte by byte',
      (socket) => {
        const dripping = setInterval(() => socket.write('x'), 20);
        socket.write(head);
        socket.on('close', () => clearInterval(dripping));
      },
    ],
  ])('a charge is in doubt at its time limit when the gateway %s', async (_name, respond) => {
    const { gateway } = await gatewayThat(respond);
    const startedAt = performance.now();
    expect(await gateway.charge(charge, context)).toMatchObject({ kind: 'unknown', reason: 'timeout' });
    const took = performance.now() - startedAt;
    expect(took).toBeGreaterThan(attemptTimeout - 20);
    expect(took).toBeLessThan(attemptTimeout + 1500);
  });

  test('a charge ends at the time limit of the caller when that comes first', async () => {
    const { gateway } = await gatewayThat(() => {});
    const startedAt = performance.now();
    const outcome = await gateway.charge(charge, { ...context, timeLimit: 30.5 });
    expect(outcome).toMatchObject({ kind: 'unknown', reason: 'timeout' });
    expect(performance.now() - startedAt).toBeLessThan(attemptTimeout - 50);
  });

  test('a charge certainly did not happen when no gateway listens', async () => {
    const { gateway, stop } = await gatewayThat(() => {});
    stop();
    const outcome = await gateway.charge(charge, context);
    expect(outcome).toMatchObject({ kind: 'unavailable', reason: 'unreachable' });
  });

  test('a charge certainly did not happen when the host name does not resolve', async () => {
    // RFC 6761 reserves this name, so it never resolves.
    const { gateway } = clientOf('http://gateway.invalid');
    const outcome = await gateway.charge(charge, context);
    expect(outcome).toMatchObject({ kind: 'unavailable', reason: 'unreachable' });
  });

  test('a charge without a response does not affect the next one', async () => {
    const responses = [() => {}, (socket: Socket) => socket.write(response(201, charged))];
    const { gateway } = await gatewayThat((socket) => responses.shift()?.(socket));
    await gateway.charge(charge, context);
    expect(await gateway.charge(charge, context)).toEqual({ kind: 'succeeded', paymentId: 'ch_1' });
  });
});

test('a charge is sent to the base path, with key, request id and whole minor units', async () => {
  const { gateway, requests } = await gatewayThat((socket) => socket.write(response(201, charged)), {
    path: '/v1/',
  });
  await gateway.charge(charge, context);
  const [request = ''] = requests;
  expect(request).toMatch(/^POST \/v1\/charges HTTP\/1\.1\r\n/);
  expect(request).toMatch(/\r\nidempotency-key: order-1\r\n/i);
  expect(request).toMatch(/\r\nx-request-id: request-1\r\n/i);
  expect(JSON.parse(request.split('\r\n\r\n')[1] ?? '')).toMatchObject({
    amountMinor: 900,
    currency: 'EUR',
    paymentToken: 'tok_visa',
  });
});

describe('the outcome of a cancellation', () => {
  test.each<[string, string, object]>([
    ['200 cancelled', response(200, { status: 'cancelled' }), { kind: 'cancelled' }],
    ['200 for a declined charge', response(200, { status: 'declined', declineCode: 'x' }), declined('x')],
    ['200 for a declined charge without a reason', response(200, { status: 'declined' }), malformed],
    ['200 for a charge that still stands', response(200, { status: 'succeeded' }), malformed],
    ['200 with half a JSON', response(200, '{"status":"canc'), malformed],
    ['404', response(404, ''), rejected],
    ['429 with seconds', response(429, '', 'retry-after: 1\r\n'), { ...rateLimited, retryAfter: 1000 }],
    ['500', response(500, ''), broken],
  ])('the outcome of a cancellation follows from the response %s', async (_name, bytes, expected) => {
    const { gateway, requests } = await gatewayThat((socket) => socket.write(bytes));
    expect(await gateway.cancel('order/1', context)).toMatchObject(expected);
    expect(requests[0]).toMatch(/^POST \/charges\/order%2F1\/cancel /);
  });
});

function declined(declineCode: string) {
  return { kind: 'declined', declineCode };
}
