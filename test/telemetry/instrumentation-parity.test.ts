import { expect, test } from 'vitest';
import { type Answer, teaOrder } from '../support/clients/api-client.ts';
import { missingPrograms } from '../../lab/harness/programs.ts';
import { startRedisServer } from '../../lab/harness/redis-server.ts';
import { printSpanTrees, type SpanTree } from '../../lab/harness/span-tree.ts';
import { spawnTracedService, type TracedService } from '../support/processes/traced-service.ts';

/**
 * All differences between the spans of lean and auto for the same requests. Names, kinds, parents, status and all other
 * attributes are equal. One difference is not tested here: a statement with a retry is one span with a `retry` event in
 * lean, and one span per try in auto, with the event in the parent.
 */
const differences: ReadonlyArray<[span: string, attribute: string, who: 'lean' | 'auto', why: string]> = [
  ['attempt', 'http.request.method_original', 'auto', 'the instrumentation always sets it'],
  ['attempt', 'network.peer.address', 'auto', 'the gateway has one address, which server.address names'],
  ['attempt', 'network.peer.port', 'auto', 'as above'],
  ['attempt', 'network.protocol.version', 'auto', 'always 1.1'],
  ['attempt', 'url.path', 'auto', 'part of url.full'],
  ['attempt', 'url.query', 'auto', 'empty: no request has one'],
  ['attempt', 'url.scheme', 'auto', 'part of url.full'],
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
  ['server', 'url.query', 'auto', 'empty: queries are dropped, and an attribute cannot be removed'],
  ['command', 'db.query.text', 'auto', 'repeats the name of the command, because its arguments are dropped'],
  ['command', 'db.namespace', 'lean', 'the instrumentation does not record the database number'],
];

/** A request, and the number of spans of its trace. */
type TracedRequest = readonly [
  what: string,
  spans: number,
  send: (traced: TracedService) => Promise<Answer<unknown>>,
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
  ['an order read', 2, ({ api }) => api.get('/orders/01a1fcde-b84e-7f95-86a2-65cfffc59b44')],
  ['a list', 2, ({ api }) => api.get('/orders?limit=2')],
  ['an unknown path', 1, ({ api }) => api.get('/nothing/here')],
  ['a defect', 3, meetDefect],
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

async function tracesOf(
  sent: readonly TracedRequest[],
  instrumentation: 'lean' | 'auto',
  env: Record<string, string> = {},
): Promise<SpanTree[][]> {
  await using traced = await spawnTracedService({ TELEMETRY_INSTRUMENTATION: instrumentation, ...env });
  const traces: SpanTree[][] = [];
  for (const [, spans, send] of sent) {
    const { headers } = await send(traced);
    traces.push(await traced.receiver.waitForTrace(headers.get('traceparent')?.split('-')[1] ?? '', spans));
  }
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
