import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FaultState, ServiceEdge } from '../api-types.ts';
import { activeFaults, dependencyOf, placesOf } from './map-layout.ts';

const edge = (from: string, to: string): ServiceEdge => ({
  from,
  to,
  protocol: 'http',
  calls: 1,
  failed: 0,
  rate: 1,
  errors: 0,
  p50: 1,
  p95: 1,
});
const node = (id: string) => ({ id, name: id, kind: 'service' as const });

test('callees stand right of all their callers', () => {
  const nodes = ['clients', 'orders', 'gateway', 'postgres'].map((id) => node(id));
  const edges = [
    edge('clients', 'orders'),
    edge('orders', 'gateway'),
    edge('gateway', 'postgres'),
    edge('orders', 'postgres'),
  ];
  expect(Object.fromEntries(placesOf({ nodes, edges }))).toEqual({
    clients: { column: 0, row: 0 },
    orders: { column: 1, row: 0 },
    gateway: { column: 2, row: 0 },
    postgres: { column: 3, row: 0 },
  });
});

test('no two nodes of any map share a place, circles and calls of itself included', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  fc.assert(
    fc.property(fc.array(fc.tuple(id, id), { maxLength: 12 }), (calls) => {
      const nodes = ['a', 'b', 'c', 'd', 'e'].map((each) => node(each));
      const places = placesOf({ nodes, edges: calls.map(([from, to]) => edge(from, to)) });
      expect(new Set([...places.values()].map(({ column, row }) => `${column} ${row}`)).size).toBe(5);
    }),
  );
});

test('a fault is found on the edge to the dependency that it disturbs', () => {
  const state: FaultState = {
    settings: { errorRate: 0.07, latencyMs: 400, latencyJitterMs: 0, retryAfterSeconds: 1, seed: 4 },
    controls: [],
    scenarios: [],
    network: [
      {
        name: 'postgres',
        upstream: '',
        scenario: null,
        enabled: true,
        toxics: [{ type: 'latency', latency: 30, jitter: 10 }],
      },
      { name: 'redis', upstream: '', scenario: null, enabled: false, toxics: [] },
    ],
    toxicControls: [],
    networkScenarios: [],
  };
  const faults = activeFaults(state);
  const on = (kind: 'service' | 'database', name: string) =>
    faults.get(dependencyOf({ id: name, kind, name }));
  expect(on('service', 'payment-gateway')).toEqual(['7 % answered 500', '400 ms slower']);
  expect(on('database', 'postgresql/orders')).toEqual(['20 to 40 ms slower']);
  expect(on('database', 'redis')).toEqual(['cut']);
  expect(on('service', 'orders')).toBeUndefined();
});
