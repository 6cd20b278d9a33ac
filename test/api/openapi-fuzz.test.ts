import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiRequest, type RequestDocument, requestsTo } from '../support/generators/api-arbitraries.ts';
import type { OrderBody, ProblemBody } from '../support/clients/api-client.ts';
import { type AttackedService, spawnAttackedService } from '../support/processes/attacked-service.ts';
import { type Contract, contractOf, type OpenApiDocument } from '../support/clients/contract.ts';
import { valuesOf } from '../support/generators/schema-arbitraries.ts';

/** The same seed generates the same requests; a failure prints its request. */
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_121);
const cases = Number(process.env['FUZZ_CASES'] ?? 2400);
/** Requests in flight at the same time. */
const batch = 8;
const settings = { seed, verbose: fc.VerbosityLevel.None };

/** Short time limits, so that gateway faults leave orders in every state without long waits. */
const impatient = {
  PAYMENT_ATTEMPT_TIMEOUT: '200ms',
  PAYMENT_DEADLINE: '300ms',
  BREAKER_OPEN_FOR: '200ms',
  LOG_LEVEL: 'warn',
};
const faults = { errorRate: 0.1, timeoutRate: 0.02, declineRate: 0.1, seed: 1 };

interface Exchange {
  status: number;
  headers: Headers;
  body: unknown;
}

let attacked: AttackedService;
let check: Contract;
let document: OpenApiDocument & RequestDocument;
/** Milliseconds to wait for a response. */
const patience = 10_000;
const agent = new Agent({ keepAlive: true });
/** Ids of existing orders. */
const known: string[] = [];

beforeAll(async () => {
  attacked = await spawnAttackedService(impatient);
  await attacked.gateway.setFaults(faults);
  const response = await fetch(`${attacked.service.url}/openapi.json`);
  const described = await response.text();
  document = JSON.parse(described) as typeof document;
  check = contractOf(described);
});
afterAll(async () => {
  agent.destroy();
  await attacked[Symbol.asyncDispose]();
});

/** Sends a request unchanged, and checks the response against the document. */
async function send({ method, path: template, headers, body }: ApiRequest): Promise<Exchange> {
  const path = template.replace('{known}', known.at(-1 - (template.length % 10)) ?? 'none');
  const { hostname, port } = new URL(attacked.service.url);
  // Node sends no content length with a GET by itself.
  const framed = body === undefined ? headers : { ...headers, 'content-length': Buffer.byteLength(body) };
  const sent = request({ agent, hostname, port, method, path, headers: framed, timeout: patience });
  sent.on('timeout', () =>
    sent.destroy(new Error(`no answer to ${JSON.stringify({ method, path, headers, body })}`)),
  );
  sent.end(body);
  const [response] = await once(sent, 'response');
  const content = await text(response);
  const pairs = Object.entries(response.headers).map(
    ([name, value]) => [name, String(value)] as [string, string],
  );
  const exchange = {
    status: response.statusCode ?? 0,
    headers: new Headers(pairs),
    body: undefined as unknown,
  };
  if (method !== 'HEAD') {
    exchange.body = JSON.parse(content);
    check({ method, path, ...exchange });
  }
  expectComplete(exchange);
  if (exchange.status === 201 || exchange.status === 202) known.push((exchange.body as OrderBody).id);
  return exchange;
}

/** The header that every response with a status has. */
const always: Readonly<Record<number, string>> = {
  201: 'location',
  202: 'location',
  401: 'www-authenticate',
  405: 'allow',
  429: 'retry-after',
  503: 'retry-after',
};

function expectComplete({ status, headers, body }: Exchange): void {
  expect(status).not.toBe(500);
  const name = always[status] ?? 'x-request-id';
  expect(
    headers.get(name),
    `every ${status} has the header ${name}: add it to the answer of the route`,
  ).toBeTruthy();
  if (status >= 400 && body !== undefined) {
    expect((body as ProblemBody).requestId).toBe(headers.get('x-request-id'));
  }
}

/** The process is still running, has no request in flight and logged no error. */
async function expectUnharmed(): Promise<void> {
  const { service, measure } = attacked;
  expect(service.complaints()).toBe('');
  expect(service.logs.filter(({ level }) => level === 'error')).toEqual([]);
  await expect.poll(() => measure('http_requests_in_flight'), { timeout: 10_000 }).toBe(0);
  expect(service.child.exitCode).toBeNull();
}

/** The responses that occur within hundreds of requests, and within thousands. */
const usual = ['POST 201', 'POST 400', 'POST 401', 'GET 200', 'GET 400', 'GET 401', 'GET 404'];
const rarer = ['POST 402', 'POST 404', 'POST 409', 'POST 415', 'POST 422', 'HEAD 200', 'DELETE 405'];

describe(`requests generated from the OpenAPI document with FUZZ_SEED=${seed}`, { timeout: 600_000 }, () => {
  test(`${cases} generated requests get only the responses that the OpenAPI document describes`, async () => {
    const seen = new Map<string, number>();
    const requests = fc.array(requestsTo(document, ['shop-key', 'pos-key']), {
      minLength: batch,
      maxLength: batch,
    });
    await fc.assert(
      fc.asyncProperty(requests, async (together) => {
        const answers = await Promise.all(together.map(send));
        for (const [index, { status }] of answers.entries()) {
          const name = `${together[index]?.method} ${status}`;
          seen.set(name, (seen.get(name) ?? 0) + 1);
        }
      }),
      { ...settings, numRuns: Math.ceil(cases / batch) },
    );
    await expectUnharmed();
    expect([...seen.keys()], 'a fuzzer that gets no further than the front door finds nothing').toEqual(
      expect.arrayContaining(cases < 2000 ? usual : [...usual, ...rarer]),
    );
  });

  test('generated sequences of requests about an order get consistent responses', async () => {
    const content = document.paths['/orders']?.['post']?.requestBody?.content['application/json'];
    if (content === undefined) throw new Error('the document has no order to place');
    const token = fc.constantFrom('tok_visa', 'tok_declined', 'tok_error_once', 'tok_timeout');
    const orders = fc
      .tuple(valuesOf(content.schema), token)
      .map(([order, paymentToken]) => Object.assign({}, order, { paymentToken }));
    const story = fc.record({
      order: orders,
      other: orders,
      key: fc.stringMatching(/^[!-~]{8,40}$/),
      steps: fc.array(fc.constantFrom(...stepNames), { minLength: 1, maxLength: 5 }),
    });
    const stories = fc.array(story, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(stories, async (together) => {
        // Shrinking would reuse a key.
        await Promise.all(together.map((each) => playStory({ ...each, key: `${(keys += 1)}-${each.key}` })));
      }),
      { ...settings, numRuns: Math.ceil(cases / 40) },
    );
    await expectUnharmed();
    expect(known.length).toBeGreaterThan(cases / 40);
  });
});

let keys = 0;
const stepNames = ['repeat', 'reuse', 'read', 'cancel', 'list'] as const;

interface Story {
  order: object;
  other: object;
  key: string;
  steps: ReadonlyArray<(typeof stepNames)[number]>;
}

const authorization = 'Bearer shop-key';
const headers = { authorization, 'content-type': 'application/json' };

function place(order: object, key: string): Promise<Exchange> {
  const body = JSON.stringify(order);
  return send({ method: 'POST', path: '/orders', headers: { ...headers, 'idempotency-key': key }, body });
}

const get = (path: string) => send({ method: 'GET', path, headers });
const codeOf = ({ body }: Exchange) => (body as ProblemBody).code;

/** Whether a state may follow another one: all states but pending are final. */
const mayFollow = (before: string, after: string) => before === after || before === 'pending';

async function playStory({ order, other, key, steps }: Story): Promise<void> {
  const first = await place(order, key);
  const placed = await orderBehind(first);
  if (placed === undefined) return;
  let { status } = placed;
  for (const step of steps) {
    switch (step) {
      case 'repeat': {
        const again = await place(order, key);
        if (codeOf(again) === 'idempotency_in_progress') break;
        expect((await orderBehind(again))?.id).toBe(placed.id);
        break;
      }
      case 'reuse':
        if (JSON.stringify(order) !== JSON.stringify(other))
          expect((await place(other, key)).status).toBe(422);
        break;
      case 'read':
        break;
      case 'cancel': {
        const path = `/orders/${placed.id}/cancel`;
        const cancelled = await send({ method: 'POST', path, headers: { authorization } });
        expect([200, 409, 503]).toContain(cancelled.status);
        if (status === 'cancelled') expect(cancelled.status).toBe(200);
        else if (status !== 'pending') expect(codeOf(cancelled)).toBe('order_not_pending');
        break;
      }
      case 'list':
        expect(await idsOf(placed.customerId)).toContain(placed.id);
        break;
    }
    const now = (await get(`/orders/${placed.id}`)).body as OrderBody;
    expect(now).toMatchObject({
      id: placed.id,
      customerId: placed.customerId,
      totalMinor: placed.totalMinor,
    });
    expect(mayFollow(status, now.status), `${status} before ${now.status}`).toBe(true);
    status = now.status;
  }
}

/** The current state of the order that a response is about. */
async function orderBehind({ status, body }: Exchange): Promise<OrderBody | undefined> {
  if (status === 201 || status === 202) return body as OrderBody;
  const { orderId } = body as ProblemBody;
  return orderId === undefined ? undefined : ((await get(`/orders/${orderId}`)).body as OrderBody);
}

/** The ids on all pages, at two orders per page. */
async function idsOf(customerId: string): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const from: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { body } = await get(`/orders?customerId=${customerId}&limit=2${from}`);
    const page = body as { orders: OrderBody[]; nextCursor: string | null };
    ids.push(...page.orders.map(({ id }) => id));
    cursor = page.nextCursor;
  }
  expect(new Set(ids).size, 'no order on two pages').toBe(ids.length);
  return ids;
}
