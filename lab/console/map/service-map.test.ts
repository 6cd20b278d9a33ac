import { afterEach, expect, test, vi } from 'vitest';
import { spanRecord } from '../../../test/support/generators/span-record.ts';
import type { SpanRecord } from '../api-types.ts';
import { factsOf, type SpanFacts } from '../traces/span-facts.ts';
import { createServiceMaps } from './service-map.ts';

let spans = 0;
afterEach(() => void vi.useRealTimers());

function span(rest: Partial<SpanRecord>): SpanFacts {
  spans += 1;
  const start = Date.now();
  const { duration = 10, ...own }: Partial<SpanRecord> & { duration?: number } = rest;
  const spanId = spans.toString(16).padStart(16, '0');
  return factsOf(spanRecord({ spanId, start, end: start + duration, ...own }));
}

const toGateway = { 'server.address': '127.0.0.1', 'server.port': 4000, 'http.request.method': 'POST' };
const toPostgres = {
  'db.system.name': 'postgresql',
  'db.namespace': 'orders',
  'server.address': '127.0.0.1',
};

/** The spans of an order, in the order in which they end. */
function order(failed = false): SpanFacts[] {
  const server = span({});
  const client = span({ kind: 'CLIENT', parentId: server.spanId, attributes: toGateway, failed });
  const gateway = span({ service: 'gateway', parentId: client.spanId });
  const insert = span({ kind: 'CLIENT', parentId: server.spanId, attributes: toPostgres });
  return [insert, gateway, client, server];
}

test.each([
  ['inner spans first', (all: SpanFacts[]) => all],
  ['outer spans first', (all: SpanFacts[]) => all.toReversed()],
])('a map has services, what they call and who calls them, with %s', (_order, arranged) => {
  const maps = createServiceMaps();
  for (let count = 0; count < 20; count += 1) maps.add(arranged(order(count < 5)));
  const { nodes, edges } = maps.of(60);
  expect(nodes.map(({ id }) => id).toSorted()).toEqual([
    'clients:clients',
    'database:postgresql/orders',
    'service:gateway',
    'service:orders',
  ]);
  expect(edges.toSorted((a, b) => (a.to < b.to ? -1 : 1))).toMatchObject([
    {
      from: 'service:orders',
      to: 'database:postgresql/orders',
      protocol: 'postgresql',
      calls: 20,
      errors: 0,
    },
    { from: 'service:orders', to: 'service:gateway', protocol: 'http', calls: 20, failed: 5, errors: 0.25 },
    { from: 'clients:clients', to: 'service:orders', protocol: 'http', calls: 20 },
  ]);
});

test('the rate of an edge is that of its calls at any second', () => {
  vi.useFakeTimers({ now: 0, toFake: ['Date'] });
  const maps = createServiceMaps();
  const rates = new Set<number | undefined>();
  for (let second = 0; second < 90; second += 1) {
    vi.setSystemTime(second * 1000);
    if (second >= 70) rates.add(maps.of(60).edges[0]?.rate);
    maps.add(Array.from({ length: 10 }, () => span({})));
  }
  expect([...rates]).toEqual([10]);
});

test('an edge has the p95 of its calls, to an eighth', () => {
  const maps = createServiceMaps();
  for (let duration = 1; duration <= 100; duration += 1)
    maps.add([span({ duration } as Partial<SpanRecord>)]);
  const [edge] = maps.of(60).edges;
  expect(edge?.p95).toBeGreaterThan(95 * 0.875);
  expect(edge?.p95).toBeLessThan(95 * 1.125);
});

test('a callee that sends no spans has the address that its caller names', () => {
  const maps = createServiceMaps();
  maps.add([span({ kind: 'CLIENT', attributes: { 'server.address': 'pay.example', 'server.port': 443 } })]);
  maps.add([
    span({
      kind: 'PRODUCER',
      attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': 't' },
    }),
  ]);
  expect(maps.of(60).edges).toMatchObject([
    { from: 'service:orders', to: 'other:pay.example:443' },
    { from: 'service:orders', to: 'messaging:kafka/t', protocol: 'kafka' },
  ]);
});

test.each([
  ['the sender first', (all: SpanFacts[]) => all],
  ['the consumers first', (all: SpanFacts[]) => all.toReversed()],
])(
  'messages lead from their sender over their topic to each consumer, with the spans of %s',
  (_order, arranged) => {
    const maps = createServiceMaps();
    const about = (destination: string) => ({
      'messaging.system': 'rabbitmq',
      'messaging.destination.name': destination,
    });
    const sent = span({ kind: 'PRODUCER', attributes: about('topic') });
    const taken = { kind: 'CONSUMER', parentId: sent.spanId } as const;
    maps.add(
      arranged([
        sent,
        span({ ...taken, service: 'mails', attributes: about('topic:mails'), failed: true }),
        span({ ...taken, service: 'stock' }),
        // The worker of a service takes what the service left to itself.
        span({ kind: 'CONSUMER', service: 'worker' }),
      ]),
    );
    const topic = 'messaging:rabbitmq/topic';
    expect(maps.of(60).edges.toSorted((a, b) => (a.to < b.to ? -1 : 1))).toMatchObject([
      { from: 'service:orders', to: topic, protocol: 'rabbitmq', calls: 1 },
      { from: topic, to: 'service:mails', protocol: 'rabbitmq', calls: 1, errors: 1 },
      { from: topic, to: 'service:stock', protocol: 'rabbitmq', calls: 1, errors: 0 },
    ]);
  },
);

test('a service that a caller outside of the console calls has clients', () => {
  const maps = createServiceMaps();
  maps.add([span({ parentId: 'f'.repeat(16) })]);
  expect(maps.of(60).edges).toMatchObject([{ from: 'clients:clients', to: 'service:orders', calls: 1 }]);
});
