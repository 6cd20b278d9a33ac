import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type ProblemBody, teaOrder } from '../support/clients/api-client.ts';
import { problems } from '../../src/http/problem-details.ts';
import { orderProblems } from '../../src/orders/api/order-problems.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';

let service: SpawnedService;
beforeAll(async () => {
  service = await spawnService();
  return () => service.close();
});
afterEach(() => service.gateway.clearFaults());

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Every error has the members of RFC 9457, and the same request id in body, header and log. */
async function expectProblem({ status, headers, body }: Answer<ProblemBody>, logs = service.logs) {
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json(;|$)/);
  expect(body).toMatchObject({
    type: `/problems/${body.code}`,
    title: expect.stringMatching(/./),
    status,
    detail: expect.stringMatching(/./),
    code: expect.stringMatching(/^[a-z_]+$/),
    requestId: headers.get('x-request-id'),
  });
  // The line is written after the response.
  await expect
    .poll(() => logs.filter((line) => line['request_id'] === body.requestId))
    .toContainEqual(expect.objectContaining({ status }));
}

const asRefused = (answer: unknown) => answer as Answer<ProblemBody>;
const place = async (order?: unknown, headers?: Record<string, string>) =>
  asRefused(await service.api.place(order, headers));
const get = (path: string, headers: Record<string, string> = {}) =>
  service.api.refused('GET', path, { headers });
const json = { 'content-type': 'application/json' };
const post = (init: RequestInit) => service.api.refused('POST', '/orders', init);

/** Sends bytes that no HTTP client would send. */
async function sendRaw(text: string): Promise<Answer<ProblemBody>> {
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  socket.write(text, 'latin1');
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const [statusLine = '', ...fields] = head.split('\r\n');
  const headers = new Headers(fields.map((field) => field.split(': ') as [string, string]));
  return { status: Number(statusLine.split(' ')[1]), headers, body: JSON.parse(body) as ProblemBody };
}

async function whileInFlight(): Promise<Answer<ProblemBody>> {
  // It is in flight until it is given up at the payment deadline, or an attempt finds the gateway without the fault.
  await service.gateway.setFaults({ timeoutRate: 1 });
  const key = randomUUID();
  const first = service.api.place(teaOrder, { 'idempotency-key': key });
  await expect
    .poll(() => service.database.sql('SELECT FROM orders WHERE idempotency_key = $1', [key]))
    .toHaveLength(1);
  const second = await place(teaOrder, { 'idempotency-key': key });
  await service.gateway.clearFaults();
  await first;
  return second;
}

async function withUsedKey(): Promise<Answer<ProblemBody>> {
  const key = { 'idempotency-key': randomUUID() };
  await service.api.place(teaOrder, key);
  return place({ ...teaOrder, customerId: 'somebody-else' }, key);
}

async function ofAnotherClient(): Promise<Answer<ProblemBody>> {
  const theirs = await service.otherApi.place();
  return get(`/orders/${theirs.body.id}`);
}

const padded = (bytes: number) => JSON.stringify(teaOrder).padEnd(bytes);

describe('errors as problem details (RFC 9457)', () => {
  const line = 'GET /orders HTTP/1.1\r\nhost: x\r\n';

  test.each<[status: number, code: string, what: string, () => Promise<Answer<ProblemBody>>]>([
    [400, 'malformed_request', 'a body cut short', () => place('{"customerId": "cus_42"')],
    [400, 'malformed_request', 'a body that is not JSON', () => place("{customerId: 'cus_42'}")],
    [400, 'malformed_request', 'an empty body', () => place('')],
    [400, 'malformed_request', 'a body of white space', () => place(' \n')],
    [400, 'invalid_request', 'no body at all', () => post({})],
    [400, 'malformed_request', 'a member __proto__', () => place('{"__proto__": {"admin": true}}')],
    [400, 'malformed_request', 'an escaped __proto__', () => place('{"\\u005f_proto__": 1}')],
    [400, 'malformed_request', '__proto__ in an item', () => place('{"items": [{"__proto__": {}}]}')],
    [400, 'malformed_request', 'constructor.prototype', () => place('{"constructor": {"prototype": 1}}')],
    [400, 'malformed_request', 'a URL that cannot be decoded', () => get('/orders/%zz')],
    [400, 'malformed_request', 'half an escape at the end of the URL', () => get('/orders/a%2')],
    [402, 'payment_declined', 'a declined card', () => place({ ...teaOrder, paymentToken: 'tok_declined' })],
    [404, 'order_not_found', 'an unknown order', () => get(`/orders/${randomUUID()}`)],
    [404, 'order_not_found', 'an order of another client', ofAnotherClient],
    [404, 'route_not_found', 'an unknown path', () => get('/invoices')],
    [404, 'route_not_found', 'a path below a known one', () => get(`/orders/${randomUUID()}/items`)],
    [404, 'route_not_found', 'an unknown file under /docs', () => get('/docs/static/unknown.js')],
    [409, 'idempotency_in_progress', 'a repeat while the first request is in flight', whileInFlight],
    [413, 'payload_too_large', 'a body of one byte over 64 KiB', () => place(padded(65_537))],
    [415, 'unsupported_media_type', 'plain text', () => post({ body: JSON.stringify(teaOrder) })],
    [
      415,
      'unsupported_media_type',
      'a form',
      () => post({ body: new URLSearchParams({ customerId: 'cus_42' }) }),
    ],
    [
      415,
      'unsupported_media_type',
      'JSON of another kind',
      () => post({ body: '{}', headers: { 'content-type': 'application/vnd.api+json' } }),
    ],
    [422, 'idempotency_key_reused', 'another order under a used key', withUsedKey],
    [431, 'headers_too_large', 'headers over 16 KiB', () => get('/orders', { 'x-big': 'x'.repeat(20_000) })],
    [400, 'malformed_request', 'garbage', () => sendRaw('what is this\r\n\r\n')],
    [400, 'malformed_request', 'a header without a colon', () => sendRaw(`${line}broken\r\n\r\n`)],
    [
      400,
      'malformed_request',
      'an invalid content length',
      () => sendRaw(`${line}content-length: x\r\n\r\n`),
    ],
    [
      400,
      'malformed_request',
      'two framings, as in request smuggling',
      () => sendRaw(`${line}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n`),
    ],
  ])('the API answers %d %s for %s', async (status, code, _what, cause) => {
    const answer = await cause();
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    await expectProblem(answer);
    expect(service.logs.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('the API answers 413 to a large body with and without a content length', async () => {
    const chunked = { body: new Blob([padded(65_537)]).stream(), duplex: 'half', headers: json } as const;
    expect((await post(chunked)).status).toBe(413);
    expect((await service.api.place(padded(65_536))).status).toBe(201);
  });

  test.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['no key', 'Bearer'],
    ['another scheme', `Basic ${btoa('shop:shop-key')}`],
    ['the key alone', 'shop-key'],
    ['an unknown key', 'Bearer nobodys-key'],
    ['the name of a client', 'Bearer shop'],
    ['a key cut short', 'Bearer shop-ke'],
    ['two keys', 'Bearer shop-key pos-key'],
  ])('the API answers 401 unauthenticated with WWW-Authenticate for %s', async (_what, authorization) => {
    const { headers: fields, ...response } = await fetchRefused('/orders', authorization);
    expect(response).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    // RFC 6750, section 3.1: an error code only for a request with a token.
    const isToken = /^Bearer \S+$/.test(authorization ?? '');
    expect(fields.get('www-authenticate')).toBe(
      `Bearer realm="orders"${isToken ? ', error="invalid_token"' : ''}`,
    );
    await expectProblem({ headers: fields, ...response });
  });

  const charsets = ['iso-8859-1', '"utf-16"', 'us-ascii', '""'].map(
    (name) => `application/json; charset=${name}`,
  );
  test.each(['text/plain', 'nonsense', ...charsets])('a 415 for %s says to send JSON', async (type) => {
    const { status, headers } = await place(teaOrder, { 'content-type': type });
    expect([status, headers.get('accept')]).toEqual([415, 'application/json']);
  });

  test('a 415 for a content coding says to send none', async () => {
    const { status, headers } = await place(teaOrder, { 'content-encoding': 'gzip' });
    expect([status, headers.get('accept-encoding')]).toEqual([415, 'identity']);
  });

  test('the API answers 404 for an order without an id', async () => {
    for (const [method, path] of [
      ['GET', '/orders/'],
      ['DELETE', '/orders/'],
      ['POST', '/orders//cancel'],
    ] as const) {
      const answer = await service.api.refused(method, path);
      expect(answer, path).toMatchObject({ status: 404, body: { code: 'route_not_found' } });
    }
  });

  test('the API serves a page about every kind of problem, under the address that problems name', async () => {
    const answer = await get('/nothing');
    const page = await fetch(new URL(answer.body.type, service.url));
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await page.text()).toContain(
      '<h1>Not found</h1><p>Status 404, code <code>route_not_found</code>.',
    );
    const list = await (await fetch(`${service.url}/problems`)).text();
    const codes = [...list.matchAll(/href="\/problems\/(\w+)"/g)].map(([, code]) => code);
    expect(codes).toEqual(Object.keys({ ...problems, ...orderProblems }));
    for (const code of codes) {
      const { status } = await fetch(`${service.url}/problems/${code}`);
      expect(status, code).toBe(200);
    }
    expect((await get('/problems/nothing')).status).toBe(404);
    // Its texts are escaped.
    expect(await (await fetch(`${service.url}/problems/unauthenticated`)).text()).toContain(
      'Bearer &lt;key&gt;',
    );
  });

  test('the API states the date in an answer on the socket, too', async () => {
    const { headers } = await sendRaw('what is this\r\n\r\n');
    expect(Math.abs(Date.parse(headers.get('date') ?? '') - Date.now())).toBeLessThan(60_000);
  });

  test.each([
    ['DELETE', '/orders', 'GET, HEAD, POST'],
    ['PUT', '/orders', 'GET, HEAD, POST'],
    ['OPTIONS', '/orders', 'GET, HEAD, POST'],
    ['POST', '/docs', 'GET, HEAD'],
    ['DELETE', '/openapi.json', 'GET, HEAD'],
    ['POST', `/orders/${randomUUID()}`, 'GET, HEAD'],
    ['PATCH', `/orders/${randomUUID()}`, 'GET, HEAD'],
  ])('the API answers 405 method_not_allowed with Allow to %s %s', async (method, path, allowed) => {
    const answer = await service.api.refused(method, path, method === 'OPTIONS' ? {} : { body: 'anything' });
    expect(answer).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
    expect(answer.headers.get('allow')).toBe(allowed);
    await expectProblem(answer);
  });

  test('the API answers OPTIONS * with the methods of the server as a whole', async () => {
    const asked = request(service.url, { method: 'OPTIONS', path: '*' }).end();
    const [{ statusCode, headers }] = (await once(asked, 'response')) as [IncomingMessage];
    expect(statusCode).toBe(204);
    expect(headers.allow).toBe('GET, HEAD, OPTIONS, POST');
    expect(headers['x-request-id']).toMatch(uuid);
  });
});

async function fetchRefused(path: string, authorization: string | undefined): Promise<Answer<ProblemBody>> {
  const headers = authorization === undefined ? {} : { authorization };
  const response = await fetch(`${service.url}${path}`, { headers });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as ProblemBody,
  };
}

describe('the request id', () => {
  test.each([
    ['short', 'a'],
    ['a UUID', randomUUID()],
    ['128 letters long', 'x'.repeat(128)],
    ['a path of words', 'shop/2026-11:order_1.retry+2='],
  ])('the request id of the caller is kept when it is %s', async (_what, id) => {
    const answer = await get('/invoices', { 'x-request-id': id });
    expect(answer.body.requestId).toBe(id);
    await expectProblem(answer);
    expect((await service.api.place(teaOrder, { 'x-request-id': id })).headers.get('x-request-id')).toBe(id);
  });

  test.each([
    ['empty', ''],
    ['too long', 'x'.repeat(129)],
    ['split by a space', 'a b'],
    ['split by a tab', 'a\tb'],
    ['split by a C1 line break', 'a\u0085b'],
    ['markup', '<b>"a"</b>'],
    ['sent twice', 'a, b'],
  ])('the request id of the caller is replaced when it is %s', async (_what, id) => {
    const answer = await get('/invoices', { 'x-request-id': id });
    expect(answer.body.requestId).toMatch(uuid);
    await expectProblem(answer);
  });

  test('the request id of the caller cannot inject a header or a log line', async () => {
    const lines = 'GET /invoices HTTP/1.1\r\nhost: x\r\nx-request-id: a\r\n set-cookie: b\r\n\r\n';
    const answer = await sendRaw(lines);
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(answer.body.requestId).toMatch(uuid);
    await expectProblem(answer);
  });
});
