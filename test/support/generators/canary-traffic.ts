import { teaOrder } from '../clients/api-client.ts';
import { type NamedRequest, inUrl, type RequestDocument, requestsWith } from './described-requests.ts';
import { type HttpAnswer, send, sendRaw } from '../clients/http-exchange.ts';
import type { Script } from '../processes/scripted-gateway.ts';

/** Traffic that carries a text in every place that a client or a gateway can write to. */

/** Headers with a meaning to a client, a service or a proxy between them, and one unknown header. */
const headerNames = `
  accept accept-encoding accept-language access-control-request-method authorization b3 baggage cache-control
  content-encoding content-type cookie date expect forwarded from host idempotency-key if-match if-none-match origin
  prefer proxy-authorization range referer traceparent tracestate user-agent via x-api-key x-b3-traceid
  x-correlation-id x-forwarded-for x-forwarded-host x-real-ip x-request-id x-request-timeout-ms x-something-else
`
  .trim()
  .split(/\s+/);

const pages = (...paths: string[]): RequestDocument => ({
  paths: Object.fromEntries(
    paths.map((path) => {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
      return [path, { get: { parameters: names.map((name) => ({ name, in: 'path', schema: {} })) } }];
    }),
  ),
});
const unknownPage = pages('/{page}');
/** Paths of the public listener that its document does not describe. */
const otherPages = pages(
  '/openapi.json',
  '/docs',
  '/docs/',
  '/docs/static/index.html',
  '/docs/static/{file}',
);
/** Without profiles: a valid request for one takes seconds, so adminRequests sends only invalid ones. */
const adminPages = pages('/livez', '/readyz', '/metrics', '/status', '/log-level');
const logLevel: RequestDocument = {
  paths: {
    '/log-level': {
      put: {
        requestBody: {
          content: {
            'application/json': {
              schema: { properties: { level: {}, component: {}, minutes: {} } },
              example: { level: 'debug', component: 'http', minutes: 60 },
            },
          },
        },
      },
    },
  },
};

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** Requests to the public listener, each with the text in one place. `key` is the API key of a client. */
export function clientRequests(text: string, document: RequestDocument, key: string): NamedRequest[] {
  const headers = { authorization: `Bearer ${key}` };
  const json = { ...headers, 'content-type': 'application/json' };
  const order = (what: string, more: Record<string, string>): NamedRequest => ({
    what,
    request: {
      method: 'POST',
      path: '/orders',
      headers: { ...json, ...more },
      body: JSON.stringify(teaOrder),
    },
  });
  return [
    ...requestsWith(text, document, { headers, otherHeaders: headerNames }),
    ...requestsWith(text, otherPages, { headers, otherHeaders: [] }),
    ...requestsWith(text, unknownPage, { headers, otherHeaders: headerNames }),
    order('an unknown key', { authorization: `Bearer ${text}` }),
    order('another scheme', { authorization: `Basic ${text}` }),
    order('trace state', { traceparent, tracestate: `vendor=${text}` }),
    order('the name of a trace state', { traceparent, tracestate: `${text.toLowerCase()}=1` }),
    order('baggage', { traceparent, baggage: `user=${inUrl(text)},${inUrl(text)}=1;${inUrl(text)}` }),
    order('an invalid trace', { traceparent: `00-${text}-b7ad6b7169203331-01` }),
    order('a port', { host: `shop.example:${text}` }),
    order('a host with a user', { host: `${text}@shop.example` }),
    order('a request id around it', { 'x-request-id': `retry/${text}/2` }),
    order('an agent around it', { 'user-agent': `shop/1.0 (${text}; +https://shop.example?${inUrl(text)})` }),
    ...['DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'].flatMap((method) =>
      [`/orders/${inUrl(text)}`, `/${inUrl(text)}?${inUrl(text)}`].map((path) => ({
        what: `${method} another path`,
        request: { method, path, headers: json, body: text },
      })),
    ),
  ];
}

/** Orders under one idempotency key. The response to each depends on the earlier ones. */
export async function repeatOrder(url: string, text: string, key: string): Promise<HttpAnswer[]> {
  const place = (change: object) =>
    send(url, {
      method: 'POST',
      path: '/orders',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': text,
      },
      body: JSON.stringify({ ...teaOrder, ...change }),
    });
  const answers = [await place({}), await place({}), await place({ customerId: 'another' })];
  return [...answers, await place({ paymentToken: 'tok_declined' })];
}

export function adminRequests(text: string): NamedRequest[] {
  const value = inUrl(text);
  return [
    ...requestsWith(text, adminPages, { headers: {}, otherHeaders: [] }),
    ...requestsWith(text, unknownPage, { headers: {}, otherHeaders: headerNames }),
    ...requestsWith(text, logLevel, { headers: {}, otherHeaders: [] }),
    ...['cpu', 'heap'].flatMap((kind) =>
      [`seconds=${value}`, `${value}=1`, `seconds=0&${value}=${value}`].map((query) => ({
        what: `a ${kind} profile`,
        request: { method: 'POST', path: `/profile/${kind}?${query}`, headers: {} },
      })),
    ),
  ];
}

/** Sends messages that are not, or not quite, HTTP. */
export async function sendMalformed(url: string, text: string): Promise<HttpAnswer[]> {
  const lines = (...rest: string[]) => `${rest.join('\r\n')}\r\n\r\n`;
  const get = ['GET /orders HTTP/1.1', 'host: shop.example', 'connection: close'];
  const post = [...get.with(0, 'POST /orders HTTP/1.1'), 'content-type: application/json'];
  const messages = [
    lines(text),
    lines(`${text} /orders HTTP/1.1`),
    lines(`GET /orders/${text} HTTP/1.1`, ...get.slice(1)),
    lines(`GET /%zz/${text} HTTP/1.1`, ...get.slice(1)),
    lines(`GET http://user:${text}@shop.example/orders?${text} HTTP/1.1`, ...get.slice(1)),
    lines(`GET /orders HTTP/${text}`),
    lines(`CONNECT ${text}:443 HTTP/1.1`, ...get.slice(1)),
    lines(`OPTIONS * HTTP/1.1`, ...get.slice(1), `origin: ${text}`),
    lines(...get, text),
    lines(...get, `${text} : 1`),
    lines(...get, `x-folded: a`, ` ${text}`),
    lines(...get, `x-zero: \0${text}`),
    lines(...get, `x-large: ${text.repeat(20_000 / text.length)}`),
    lines(...get, `idempotency-key: ${text}`, `idempotency-key: ${text}`),
    lines(...get, `authorization: Bearer ${text}`, `authorization: Bearer ${text}`),
    lines(...get.with(1, `host: ${text}`), `host: ${text}`),
    lines(get[0] ?? '', 'connection: close', `x-host: ${text}`),
    lines(...post, `content-length: ${text}`),
    lines(...post, 'content-length: 4', `transfer-encoding: chunked, ${text}`),
    lines(...post, `transfer-encoding: ${text}`),
    `${lines(...post, 'content-length: 3')}${text}`,
    `${lines(...post, 'transfer-encoding: chunked')}${text}\r\n`,
    `${lines(...post, 'transfer-encoding: chunked')}2;${text}\r\n{}\r\n0\r\nx-trailer: ${text}\r\n\r\n`,
    `${lines(...post, 'upgrade: websocket', `sec-websocket-protocol: ${text}`, 'content-length: 2')}{}`,
  ];
  return Promise.all(messages.map((message) => sendRaw(url, message)));
}

/** Answers of a gateway with the text in one place. */
export function gatewayAnswers(text: string): Array<[what: string, script: Script]> {
  const problem = { type: text, title: text, detail: text, code: text, [text]: text };
  const answer =
    (status: number, body: object | string = problem, headers: Record<string, string> = {}): Script =>
    () => ({ status, body, headers });
  const oneLine = ['content-length: 0', 'connection: close', '', ''].join('\r\n');
  return [
    ['a decline', answer(402, { status: 'declined', declineCode: text.slice(0, 64), message: text })],
    ['a decline in another format', answer(402)],
    ['a refusal', answer(400)],
    ['a refusal for the credentials', answer(401, problem, { 'www-authenticate': text })],
    ['a conflict', answer(409)],
    ['a redirection', answer(302, problem, { location: `http://gateway.example/${inUrl(text)}` })],
    ['too many requests', answer(429, problem, { 'retry-after': text })],
    ['a failure', answer(500, text)],
    ['a failure with headers', answer(503, problem, { 'x-error': text, server: text, 'retry-after': text })],
    ['an answer that is not JSON', answer(201, `charged ${text}`)],
    ['an answer that is cut off', answer(201, `{"id": "${text}`)],
    ['an answer in another format', answer(201, { id: text, status: text })],
    [
      'a charge over another amount',
      answer(201, { id: text, status: 'succeeded', amountMinor: 1, currency: text }),
    ],
    [
      'a charge with undocumented members',
      ({ amountMinor, currency }) => ({
        status: 201,
        body: { id: `ch_${currency}`, status: 'succeeded', amountMinor, currency, ...problem },
      }),
    ],
    ['bytes that are not HTTP', () => ({ status: 0, raw: `${text}\r\n\r\n` })],
    ['a reason', () => ({ status: 0, raw: `HTTP/1.1 500 ${text}\r\n${oneLine}` })],
    ['an invalid header', () => ({ status: 0, raw: `HTTP/1.1 201 Created\r\n${text}\r\n${oneLine}` })],
    [
      'an invalid content length',
      () => ({ status: 0, raw: `HTTP/1.1 201 Created\r\ncontent-length: ${text}\r\n\r\n` }),
    ],
  ];
}
