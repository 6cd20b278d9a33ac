import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createHttpPaymentGateway } from './http-payment-gateway.ts';

const charge = { key: 'order-1', amountMinor: 900, currency: 'EUR', paymentToken: 'tok_visa' };
const context = { requestId: 'request-1' };
const charged = { id: 'ch_1', status: 'succeeded', amountMinor: 900, currency: 'EUR' };
const attemptTimeout = 5000;

const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

type Respond = (request: IncomingMessage, response: ServerResponse) => unknown;
type Options = Partial<Parameters<typeof createHttpPaymentGateway>[0]>;

/** A gateway of two connections to a server that responds as told. */
async function gatewayThat(respond: Respond, options: Options = {}) {
  const server = createServer((...exchange) => void respond(...exchange)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  const { port } = server.address() as AddressInfo;
  const baseUrl = `http://127.0.0.1:${port}`;
  const gateway = createHttpPaymentGateway({ baseUrl, connections: 2, attemptTimeout, ...options });
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= gateway.close());
  closers.push(close);
  const connections = () =>
    new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
  return { gateway, connections, close };
}

const answering =
  (status: number, body: unknown = '', headers: Record<string, string | string[]> = {}): Respond =>
  (_request, response) =>
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

test('a charge is sent as JSON, with its order as the reference and with the credentials', async () => {
  const received: unknown[] = [];
  const credentials = { headers: () => ({ authorization: 'Bearer hush' }), refused: () => {} };
  const { gateway } = await gatewayThat(
    async (request, response) => {
      const { authorization, 'content-type': type } = request.headers;
      received.push(authorization, type, JSON.parse(await textOf(request)));
      answering(201, charged)(request, response);
    },
    { credentials },
  );
  expect(await gateway.charge(charge, context)).toEqual({ kind: 'succeeded', paymentId: 'ch_1' });
  expect(received).toEqual([
    'Bearer hush',
    'application/json',
    { amountMinor: 900, currency: 'EUR', paymentToken: 'tok_visa', reference: 'order-1' },
  ]);
});

test.each([
  [401, 1],
  [403, 1],
  [404, 0],
  [500, 0],
])('a response %i reports refused credentials %i times', async (status, times) => {
  let refusals = 0;
  const credentials = { headers: () => ({}), refused: () => void (refusals += 1) };
  const { gateway } = await gatewayThat(answering(status), { credentials });
  await gateway.charge(charge, context);
  expect(refusals).toBe(times);
});

describe('an outcome', () => {
  test.each([
    ['409 without a body', answering(409), { kind: 'unavailable', reason: 'key_in_use' }],
    [
      '422 with the code of a cancelled key',
      answering(422, { code: 'charge_cancelled' }),
      { kind: 'refused' },
    ],
  ])('an outcome follows from the response %s', async (_what, respond, expected) => {
    const { gateway } = await gatewayThat(respond);
    expect(await gateway.charge(charge, context)).toMatchObject(expected);
  });

  test('an outcome of a cancellation is in doubt after a response that only a charge can have', async () => {
    const { gateway } = await gatewayThat(answering(402, { declineCode: 'no_funds' }));
    expect(await gateway.cancel('order-1', context)).toMatchObject({
      kind: 'unknown',
      reason: 'malformed_answer',
    });
  });

  test.each([
    [500, '', 'gateway answered 500'],
    [404, '', 'gateway answered 404 (no code)'],
    [409, { code: 'busy' }, 'gateway answered 409 (busy)'],
    [402, '', 'gateway answered 402 in a form that is not documented'],
  ])('an outcome that is not decided has the response %i as its cause', async (status, body, message) => {
    const { gateway } = await gatewayThat(answering(status, body));
    expect(await gateway.charge(charge, context)).toMatchObject({ cause: new Error(message) });
  });

  test.each([
    // RFC 9110, section 5.6.7: recipients must accept the format of asctime, too.
    ['a date that asctime prints', 'Sun Nov  6 08:49:37 1994', 0],
    ['several values', ['2', '3'], undefined],
  ])('an outcome asks for a pause after %s in Retry-After', async (_what, header, retryAfter) => {
    const { gateway } = await gatewayThat(answering(429, '', { 'retry-after': header }));
    const outcome = await gateway.charge(charge, context);
    expect(outcome).toMatchObject({ kind: 'unavailable', reason: 'rate_limited' });
    expect('retryAfter' in outcome ? outcome.retryAfter : undefined).toBe(retryAfter);
  });
});

describe('a charge without a response', () => {
  const silent: Respond = () => {};

  test('a charge without a response has the passed time limit as its cause, and gives its connection back', async () => {
    let requests = 0;
    const { gateway } = await gatewayThat((request, response) => {
      requests += 1;
      if (requests > 4) answering(201, charged)(request, response);
    });
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const outcome = await gateway.charge(charge, { ...context, timeLimit: 20 });
      expect('cause' in outcome && String(outcome.cause)).toBe(
        'TimeoutError: no answer within the time limit',
      );
    }
    expect(await gateway.charge(charge, context)).toMatchObject({ kind: 'succeeded' });
  });

  test('a charge that waits for a connection ends at its own time limit', async () => {
    const aborting = new AbortController();
    const { gateway } = await gatewayThat(silent);
    const occupying = [1, 2].map(() => gateway.charge(charge, { ...context, signal: aborting.signal }));
    const startedAt = performance.now();
    const waiting = gateway.charge(charge, { ...context, timeLimit: 20 });
    expect(await waiting).toMatchObject({ kind: 'unknown', reason: 'timeout' });
    expect(performance.now() - startedAt).toBeLessThan(attemptTimeout - 1000);

    // Nobody waits for them any longer.
    aborting.abort();
    expect(await Promise.all(occupying)).toMatchObject([
      { kind: 'unknown', reason: 'deadline' },
      { kind: 'unknown', reason: 'deadline' },
    ]);
    expect(performance.now() - startedAt).toBeLessThan(attemptTimeout - 1000);
  });

  test('a charge is not sent when its caller has stopped before', async () => {
    let requests = 0;
    const { gateway } = await gatewayThat((request, response) => {
      requests += 1;
      answering(201, charged)(request, response);
    });
    await gateway.charge(charge, context);
    const outcome = await gateway.charge(charge, { ...context, signal: AbortSignal.abort() });
    expect(outcome).toMatchObject({ kind: 'unknown', reason: 'deadline' });
    await gateway.charge(charge, context);
    expect(requests).toBe(2);
  });

  test('a charge gets as long as its caller grants the gateway', async () => {
    const { gateway } = await gatewayThat(silent);
    const startedAt = performance.now();
    const outcome = await gateway.charge(charge, { ...context, attemptTimeout: 40 });
    expect(outcome).toMatchObject({ kind: 'unknown', reason: 'timeout' });
    expect(performance.now() - startedAt).toBeLessThan(attemptTimeout - 1000);
  });
});

test('a charge that was answered leaves no timer behind, and a closed gateway no connection', async () => {
  const { gateway, connections, close } = await gatewayThat(answering(201, charged));
  const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
  await gateway.charge(charge, context);
  const before = timers();
  await gateway.charge(charge, context);
  await gateway.charge(charge, context);
  expect(timers()).toBeLessThanOrEqual(before);
  expect(await connections()).toBeGreaterThan(0);
  await close();
  await expect.poll(connections).toBe(0);
});
