import { expect, test } from 'vitest';
import { type Answer, teaOrder } from './support/api-client.ts';
import { printSpanTrees, type SpanTree } from './support/span-tree.ts';
import { spawnTracedService, type TracedService } from './support/traced-service.ts';

/**
 * All that differs between the two ways of making spans of the same requests. Names, kinds, parents, status and all other
 * attributes are the same. Not among these requests: a statement that Postgres has to be asked twice is one span with a
 * `retry` event in lean, and in auto a span per try, with the event in the span above.
 */
const differences: ReadonlyArray<[span: string, attribute: string, who: 'lean' | 'auto', why: string]> = [
  ['attempt', 'http.request.method_original', 'auto', 'its instrumentation sets it whatever the method'],
  ['attempt', 'network.peer.address', 'auto', 'the gateway has one address, and server.address says which'],
  ['attempt', 'network.peer.port', 'auto', 'as above'],
  ['attempt', 'network.protocol.version', 'auto', 'always 1.1'],
  ['attempt', 'url.path', 'auto', 'part of url.full'],
  ['attempt', 'url.query', 'auto', 'empty: no request has one'],
  ['attempt', 'url.scheme', 'auto', 'part of url.full'],
  [
    'statement',
    'db.query.text',
    'auto',
    'kilobytes a trace for a text that is in the code; the summary finds it',
  ],
  ['statement', 'db.postgresql.plan', 'auto', 'no semantic convention: the name of the prepared statement'],
  ['server', 'url.query', 'auto', 'empty: queries are not kept, and an attribute cannot be taken back'],
  ['statement', 'db.response.status_code', 'lean', 'auto has the code in its exception event'],
  ['statement', 'error.type', 'lean', 'as above'],
];

/** One request of each kind, with how many spans its trace has. */
const requests: ReadonlyArray<
  [what: string, spans: number, send: (traced: TracedService) => Promise<Answer<unknown>>]
> = [
  ['a paid order', 6, ({ api }) => api.place(teaOrder, { 'idempotency-key': 'first' })],
  ['the same again', 5, ({ api }) => api.place(teaOrder, { 'idempotency-key': 'first' })],
  ['a declined order', 6, ({ api }) => api.place({ ...teaOrder, paymentToken: 'tok_declined' })],
  [
    'an order that is tried again',
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

async function tracesOf(instrumentation: 'lean' | 'auto'): Promise<SpanTree[][]> {
  await using traced = await spawnTracedService({ TELEMETRY_INSTRUMENTATION: instrumentation });
  const traces: SpanTree[][] = [];
  for (const [, spans, send] of requests) {
    const { headers } = await send(traced);
    traces.push(await traced.receiver.waitForTrace(headers.get('traceparent')?.split('-')[1] ?? '', spans));
  }
  return traces;
}

/** Other in every run, whoever makes the span. */
const changing = new Set([
  'app.request_id',
  'db.namespace',
  'network.peer.port',
  'order.id',
  'server.port',
  'url.full',
]);

const spansOf = (trees: readonly SpanTree[]): SpanTree['span'][] =>
  trees.flatMap(({ span, children }) => [span, ...spansOf(children)]);

function kindOf({ kind, attributes }: SpanTree['span']): string {
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

test('lean and auto make the same spans of the same requests', async () => {
  const lean = await tracesOf('lean');
  const auto = await tracesOf('auto');

  const print = (traces: readonly SpanTree[][]) =>
    traces.map((trees, index) => `${requests[index]?.[0]}\n${printSpanTrees(trees)}`);
  expect(print(auto)).toEqual(print(lean));

  const autoSpans = auto.flatMap(spansOf);
  const found = lean.flatMap(spansOf).flatMap((span, index) => {
    const counterpart = autoSpans[index];
    return counterpart === undefined ? `${span.name}: lean` : compare(span, counterpart);
  });
  const documented = differences.map(([kind, attribute, who]) => `${kind} ${attribute}: ${who}`);
  const queries = autoSpans.map(({ attributes }) => attributes['url.query']).filter((query) => query);
  expect(queries).toEqual([]);
  expect([...new Set(found)].toSorted()).toEqual(documented.toSorted());
});
