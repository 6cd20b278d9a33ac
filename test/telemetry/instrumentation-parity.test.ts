import { expect, test } from 'vitest';
import { type Answer, teaOrder } from '../support/clients/api-client.ts';
import { hangUp } from '../support/clients/hang-up.ts';
import { newTraceId, traceIdOf } from '../support/clients/trace-context.ts';
import { missingPrograms } from '../../lab/harness/programs.ts';
import { startRedisServer } from '../../lab/harness/redis-server.ts';
import { printSpanTrees, type SpanTree } from '../../lab/harness/span-tree.ts';
import { spawnTracedService, type TracedService } from '../support/processes/traced-service.ts';

/**
 * All differences between the spans of lean and auto for the same requests. Names, kinds, parents, status and all other
 * attributes are equal. Two differences are not tested here: a statement with a retry is one span with a retry event in
 * lean, and one span per try in auto, with the event in the parent; and a URL that cannot be decoded is refused by the router
 * before any hook, so it is a log line in lean, and in auto a span without a route, too.
 */
const differences: ReadonlyArray<[span: string, attribute: string, who: 'lean' | 'auto', why: string]> = [
  ['attempt', 'network.peer.address', 'auto', 'the gateway has one address, which server.address names'],
  ['attempt', 'network.peer.port', 'auto', 'as above'],
  ['attempt', 'network.protocol.version', 'auto', 'always 1.1'],
  [
    'statement',
    'db.query.text',
    'auto',
    'kilobytes per trace for a text that is in the code; the summary leads to it',
  ],
  [
    'statement',
    'db.postgresql.plan',
    'auto',
    'outside the semantic conventions: the name of the prepared statement',
  ],
  ['command', 'db.query.text', 'auto', 'repeats the name of the command, because its arguments are dropped'],
  ['command', 'db.namespace', 'lean', 'the instrumentation does not record the database number'],
];

/** A request, and the number of spans of its trace. */
type TracedRequest = readonly [
  what: string,
  spans: number,
  send: (traced: TracedService) => Promise<Pick<Answer<unknown>, 'headers'>>,
];

/** One of each kind. */
const requests: readonly TracedRequest[] = [
  ['a paid order', 6, ({ api }) => api.place(teaOrder, { 'idempotency-key': 'first' })],
  ['a replayed order', 5, ({ api }) => api.place(teaOrder, { 'idempotency-key': 'first' })],
  ['a declined order', 6, ({ api }) => api.place({ ...teaOrder, paymentToken: 'tok_declined' })],
  [
    'an order whose charge is retried',
    7,
    ({ api }) => api.place({ ...teaOrder, paymentToken: 'tok_error_once' }),
  ],
  ['a request behind a proxy', 6, ({ api }) => api.place(teaOrder, behindProxy)],
  ['an order read', 2, ({ api }) => api.get('/orders/01a1fcde-b84e-7f95-86a2-65cfffc59b44')],
  ['a list', 2, ({ api }) => api.get('/orders?limit=2')],
  ['an unknown path', 1, ({ api }) => api.get('/nothing/here')],
  ['a defect', 3, meetDefect],
  ['a failed statement', 2, readFailing],
  ['a statement cut off at the deadline of the client', 2, readLocked],
  [
    'a charge cut off at its timeout',
    6,
    ({ api }) => api.place({ ...teaOrder, paymentToken: 'tok_timeout' }),
  ],
  ['a client that is gone before the answer', 6, (service) => hangUp(service, 1200)],
  ['a QUERY', 1, ({ api }) => api.request('QUERY', '/orders')],
  ['a method that is not known', 1, ({ api }) => api.request('PROPFIND', '/orders')],
  [
    'a request without a key',
    1,
    ({ api }) => api.request('GET', '/orders', { headers: { authorization: '' } }),
  ],
];

async function meetDefect({ api, database }: TracedService): Promise<Answer<unknown>> {
  await database.sql('ALTER TABLE orders RENAME TO elsewhere');
  const answer = await api.place();
  await database.sql('ALTER TABLE elsewhere RENAME TO orders');
  return answer;
}

/** HAProxy's and nginx's headers. The client itself has sent the first of the addresses. */
const behindProxy = {
  'x-forwarded-for': '198.51.100.1, 203.0.113.7',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'Shop.example',
};

async function readFailing({ api, database }: TracedService): Promise<Answer<unknown>> {
  await database.sql('ALTER TABLE orders RENAME TO elsewhere');
  const answer = await api.get('/orders?limit=2');
  await database.sql('ALTER TABLE elsewhere RENAME TO orders');
  return answer;
}

async function readLocked({ api, database }: TracedService): Promise<Answer<unknown>> {
  await database.sql('BEGIN');
  await database.sql('LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
  const answer = await api.request('GET', '/orders', { headers: { 'x-request-timeout-ms': '1500' } });
  await database.sql('ROLLBACK');
  return answer;
}

async function tracesOf(
  sent: readonly TracedRequest[],
  instrumentation: 'lean' | 'auto',
  env: Record<string, string> = {},
): Promise<SpanTree[][]> {
  await using traced = await spawnTracedService({
    TELEMETRY_INSTRUMENTATION: instrumentation,
    TRUST_PROXY: '1',
    // No other attempt, and no other statement, may be cut off on a slow machine.
    PAYMENT_ATTEMPT_TIMEOUT: '2s',
    PAYMENT_MAX_ATTEMPTS: '2',
    ...env,
  });
  const traces: SpanTree[][] = [];
  const scraping = newTraceId();
  await fetch(`${traced.process.adminUrl}/metrics`, {
    headers: { traceparent: `00-${scraping}-${'1'.repeat(16)}-03` },
  });
  for (const [, spans, send] of sent) {
    const { headers } = await send(traced);
    traces.push(await traced.receiver.waitForTrace(traceIdOf(headers), spans));
  }
  // Such as a warning of Node about an interface that is deprecated.
  expect(traced.process.complaints()).toBe('');
  // Neither mode makes a trace of a scrape.
  expect(traced.receiver.trace(scraping)).toEqual([]);
  return traces;
}

/** Attributes whose values differ in every run, in both modes. */
const changing = new Set([
  'orders.request.id',
  'db.namespace',
  'network.peer.port',
  'orders.order.id',
  'server.port',
  'url.full',
]);

const spansOf = (trees: readonly SpanTree[]): SpanTree['span'][] =>
  trees.flatMap(({ span, children }) => [span, ...spansOf(children)]);

function kindOf({ kind, attributes }: SpanTree['span']): string {
  if (attributes['db.system.name'] === 'redis') return 'command';
  return 'db.system.name' in attributes ? 'statement' : kind === 'CLIENT' ? 'attempt' : kind.toLowerCase();
}

function compare(lean: SpanTree['span'], auto: SpanTree['span']): string[] {
  const names = new Set([...Object.keys(lean.attributes), ...Object.keys(auto.attributes)]);
  return [...names].flatMap((name) => {
    const what = `${kindOf(lean)} ${name}`;
    if (!(name in auto.attributes)) return `${what}: lean`;
    if (!(name in lean.attributes)) return `${what}: auto`;
    const same = changing.has(name) || lean.attributes[name] === auto.attributes[name];
    return same ? [] : `${what}: another value`;
  });
}

/** The differences in attributes between two runs of the same requests, after a check that their spans are the same. */
function differencesOf(sent: readonly TracedRequest[], lean: SpanTree[][], auto: SpanTree[][]): string[] {
  const print = (traces: readonly SpanTree[][]) =>
    traces.map((trees, index) => `${sent[index]?.[0]}\n${printSpanTrees(trees)}`);
  expect(print(auto)).toEqual(print(lean));

  const autoSpans = auto.flatMap(spansOf);
  const found = lean.flatMap(spansOf).flatMap((span, index) => {
    const counterpart = autoSpans[index];
    return counterpart === undefined ? `${span.name}: lean` : compare(span, counterpart);
  });
  return [...new Set(found)].toSorted();
}

const documented = (wanted: (kind: string) => boolean) =>
  differences
    .filter(([kind]) => wanted(kind))
    .map(([kind, attribute, who]) => `${kind} ${attribute}: ${who}`)
    .toSorted();

test('lean and auto create the same spans for the same requests', async () => {
  const lean = await tracesOf(requests, 'lean');
  const auto = await tracesOf(requests, 'auto');
  const queries = auto
    .flatMap(spansOf)
    .map(({ attributes }) => attributes['url.query'])
    .filter((query) => query);
  expect(queries).toEqual([]);
  const rootOf = (what: string) => lean[requests.findIndex(([each]) => each === what)]?.[0]?.span;
  expect(rootOf('a request behind a proxy')?.attributes).toMatchObject({
    'url.scheme': 'https',
    'server.address': 'shop.example',
    'server.port': 443,
    'client.address': '203.0.113.7',
    'network.peer.address': '127.0.0.1',
  });
  const gone = rootOf('a client that is gone before the answer');
  expect(gone).toMatchObject({ status: { code: 'ERROR' }, attributes: { 'error.type': 'client_gone' } });
  expect(gone?.attributes).not.toHaveProperty('http.response.status_code');
  expect(rootOf('a QUERY')?.attributes).toMatchObject({ 'http.request.method': 'QUERY' });
  expect(rootOf('a method that is not known')).toMatchObject({
    name: 'HTTP /orders',
    attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'PROPFIND' },
  });
  expect(differencesOf(requests, lean, auto)).toEqual(documented((kind) => kind !== 'command'));
});

/** Requests that use the cache; the rate limit counts all of them in Redis. */
const withRedis: readonly TracedRequest[] = [
  [
    'an order that the rate limit counts',
    7,
    ({ api }) => api.place(teaOrder, { 'idempotency-key': 'first' }),
  ],
  ['an order missing from the cache', 5, readFirst],
  ['an order in the cache', 3, readFirst],
];

async function readFirst({ api, database }: TracedService): Promise<Answer<unknown>> {
  const [order] = await database.sql<{ id: string }>('SELECT id FROM orders');
  return api.get(`/orders/${order?.id}`);
}

test.skipIf(missingPrograms().some(({ name }) => name === 'redis-server'))(
  'lean and auto create the same spans for the same Redis commands',
  async () => {
    await using redis = await startRedisServer();
    const env = { REDIS_URL: redis.url, REDIS_COMMAND_TIMEOUT: '2s', RATE_LIMIT_MAX: '1000000' };
    const lean = await tracesOf(withRedis, 'lean', env);
    await redis.command('FLUSHALL');
    const auto = await tracesOf(withRedis, 'auto', env);

    const found = differencesOf(withRedis, lean, auto);
    expect(found.filter((difference) => difference.startsWith('command'))).toEqual(
      documented((kind) => kind === 'command'),
    );
    expect(printSpanTrees(lean[1] ?? [], ['db.system.name'])).toBe(
      [
        'GET /orders/:id [SERVER]',
        '  EVALSHA [CLIENT] {db.system.name=redis}',
        '  GET [CLIENT] {db.system.name=redis}',
        '  SELECT orders [CLIENT] {db.system.name=postgresql}',
        '  SET [CLIENT] {db.system.name=redis}',
      ].join('\n'),
    );
  },
);
