import { expect, test } from 'vitest';
import type { Overview } from '../api-types.ts';
import { tileTexts } from './tiles.ts';

const overview: Overview = {
  now: 0,
  times: [],
  columns: {},
  exemplars: [],
  faults: [],
  revenue: {},
  orders: {},
  service: 'up',
  serviceName: '',
  alerts: { firing: 0, pending: 0 },
  traffic: { running: false, rate: 0 },
  collector: null,
  receiver: { spans: 0, logs: 0, points: 0, bytes: 0 },
};

const idle = { ok: 0, client: 0, shed: 0, failed: 0, paid: 0, inFlight: 0, pending: 0, oldest: 0, cpu: 0.01 };

function shown(readings: Record<string, number | null>, latest: Partial<Overview> = {}) {
  const columns = new Map(Object.entries(readings).map(([name, value]) => [name, [value]]));
  const texts = tileTexts({ columns, latest: { ...overview, ...latest } });
  return Object.fromEntries([...texts].map(([title, { value, beside }]) => [title, `${value} | ${beside}`]));
}

test('a service without requests has no share of errors and no latency', () => {
  expect(shown(idle)).toMatchObject({
    Requests: '0/s | 0/s paid',
    'Server errors': '– | no requests',
    'Latency p99': '– | no requests',
    Pending: '0 | none waiting',
    Revenue: '– | no paid orders yet',
  });
});

test('revenue in one currency is shown with the number of orders that it comes from', () => {
  const latest = { revenue: { EUR: 900 }, orders: { paid: 2 } };
  expect(shown(idle, latest)).toMatchObject({ Revenue: '€9.00 | 2 paid orders' });
  expect(shown(idle, { ...latest, orders: { paid: 1 } })).toMatchObject({ Revenue: '€9.00 | 1 paid order' });
  expect(shown(idle, { ...latest, revenue: { EUR: 900_300, USD: 450 } })).toMatchObject({
    Revenue: '€9,003 | $4.50',
  });
});

test('a second without a reading shows no zeros', () => {
  const texts = shown(Object.fromEntries(Object.keys(idle).map((name) => [name, null])), { service: 'down' });
  expect(new Set(Object.values(texts))).toEqual(new Set(['– | no reading']));
});

test('failed requests are shown as a share of all', () => {
  expect(shown({ ...idle, ok: 9, failed: 1, shed: 0 })).toMatchObject({ 'Server errors': '10 % | 0/s shed' });
});
