import { expect, test } from 'vitest';
import type { AlertHistory } from './alerts/alert-watch.ts';
import type { Evidence } from './evidence.ts';
import { type Experiment, heartbeat, usualTraffic } from './experiment.ts';
import { verify } from './verify.ts';

/** A good verdict proves something only if a bad run gets a bad one, so each planted fault must be found. */

const experiment: Experiment = {
  name: 'planted',
  title: 'Planted',
  story: '',
  steady: usualTraffic,
  faults: [{ kind: 'gateway', settings: {} }],
  hypothesis: {
    claim: 'All is well.',
    answers: { allowed: ['201', '202'], shares: { 201: 0.5 }, p99: 1000 },
    orders: { paid: 1, settledWithin: 10 },
    metrics: [{ name: 'retries_total', atLeast: 1 }],
    logs: [{ event: 'payment.retry', fields: { reason: 'timeout' } }],
    trace: { root: 'POST /orders', spans: { 'POST /charges': 1 }, events: ['orders.payment.retry'] },
    detection: [{ alert: 'CircuitBreakerOpen', withinMinutes: 5 }],
    quiet: ['ErrorsLogged'],
    recoveredWithin: 10,
  },
  look: { dashboard: 'orders-service', panel: '', traces: '' },
};

const reply = { from: 'customers', sentAt: 6000, duration: 50, answer: '201' } as const;
const beating = { alert: heartbeat, labels: {}, pendingAt: 0, firingAt: 0 };
const fired = { alert: 'CircuitBreakerOpen', labels: {}, pendingAt: 7000, firingAt: 9000 };
const unnamed = {
  resource: { attributes: {}, droppedAttributes: 0, schemaUrl: '' },
  scope: { name: '', version: '', attributes: {}, droppedAttributes: 0, schemaUrl: '' },
} as const;
const spanDefaults = {
  traceId: 'a',
  traceState: '',
  flags: 0,
  attributes: {},
  droppedAttributes: 0,
  droppedEvents: 0,
  droppedLinks: 0,
  kind: 'INTERNAL',
  startTime: 0n,
  endTime: 1n,
  status: { message: '', code: 'UNSET' },
  scope: unnamed.scope,
  resource: {},
  origin: unnamed,
} as const;

/** The fault lasts from second 5 to second 15. A second stands for half a minute of the rules' time. */
const sound: Evidence = {
  moments: {
    started: 0,
    faultSet: 5000,
    faultCleared: 15_000,
    recovered: 17_000,
    settled: 16_000,
    ended: 20_000,
  },
  replies: [reply, { ...reply, answer: '202' }],
  visits: [{ key: 'one', goodCard: true, patient: true }],
  sampling: { samples: [], growth: () => 3 },
  findings: [],
  stored: new Map([['one', { status: 'paid' }]]),
  lines: [{ event: 'payment.retry', reason: 'timeout' }],
  spans: [
    { ...spanDefaults, spanId: '1', parentSpanId: '', name: 'POST /orders', events: [], links: [] },
    {
      ...spanDefaults,
      spanId: '2',
      parentSpanId: '1',
      name: 'POST /charges',
      links: [],
      events: [{ name: 'orders.payment.retry', time: 0n, attributes: {}, droppedAttributes: 0 }],
    },
  ],
  alerts: { histories: [beating, fired], scale: 30 },
};

const failedAbout = (planted: Partial<Evidence>) =>
  verify(experiment, { ...sound, ...planted })
    .filter(({ verdict }) => verdict === 'failed')
    .map(({ about }) => about);

test('a hypothesis holds if the evidence meets every claim', () => {
  expect(failedAbout({})).toEqual([]);
});

test.each<[string, Partial<Evidence>, string[]]>([
  [
    'an answer that is not allowed',
    { replies: [reply, { ...reply, answer: '500 internal_error' }] },
    ['answers'],
  ],
  ['no answer at all', { replies: [] }, ['answers', 'answers', 'answers']],
  [
    'too few of an answer',
    { replies: [reply, ...Array.from({ length: 4 }, () => ({ ...reply, answer: '202' }))] },
    ['answers'],
  ],
  ['a slow order', { replies: [reply, { ...reply, duration: 1500 }] }, ['answers']],
  ['a cancelled order', { stored: new Map([['one', { status: 'cancelled' }]]) }, ['orders']],
  ['an order that is not stored', { stored: new Map() }, ['orders']],
  ['orders that stay pending', { moments: without('settled') }, ['orders']],
  ['orders settled late', { moments: { ...sound.moments, settled: 26_000 } }, ['orders']],
  ['a card charged twice', { findings: [{ kind: 'double_charge', orderId: 'x', detail: '' }] }, ['ledger']],
  ['a counter that stands still', { sampling: { samples: [], growth: () => 0 } }, ['metrics']],
  ['a log line with another reason', { lines: [{ event: 'payment.retry', reason: 'error' }] }, ['logs']],
  ['no matching trace', { spans: sound.spans?.slice(0, 1) ?? [] }, ['trace']],
  ['an alert that does not fire', firing([]), ['alerts']],
  ['an alert that fires late', firing([{ ...fired, firingAt: 16_000 }]), ['alerts']],
  ['an alert that fired before the fault', firing([{ ...fired, firingAt: 4000 }]), ['alerts']],
  ['an alert that must not fire', firing([fired, { ...fired, alert: 'ErrorsLogged' }]), ['alerts']],
  ['a service that does not recover', { moments: without('recovered') }, ['recovery']],
])('verification fails on %s', (_what, planted, about) => {
  expect(failedAbout(planted)).toEqual(about);
});

test('a claim without evidence is unchecked, neither held nor failed', () => {
  const { lines: _lines, spans: _spans, alerts: _alerts, ...blind } = sound;
  const unchecked = verify(experiment, blind).filter(({ verdict }) => verdict === 'unchecked');
  expect(unchecked.map(({ about }) => about)).toEqual(['logs', 'trace', 'alerts', 'alerts', 'alerts']);
});

test.each([
  ['is missing', []],
  ['begins after the fault', [{ ...beating, firingAt: 6000 }]],
  ['stops during the fault', [{ ...beating, goneAt: 12_000 }]],
])('alerts are unchecked if their heartbeat %s', (_what, beats) => {
  const checks = verify(experiment, { ...sound, alerts: { histories: [...beats, fired], scale: 30 } });
  const verdicts = checks.filter(({ about }) => about === 'alerts').map(({ verdict }) => verdict);
  expect(verdicts).toEqual(['failed', 'unchecked', 'unchecked']);
});

function firing(histories: readonly AlertHistory[]): Partial<Evidence> {
  return { alerts: { histories: [beating, ...histories], scale: 30 } };
}

function without(moment: 'recovered' | 'settled'): Evidence['moments'] {
  const { [moment]: _gone, ...moments } = { ...sound.moments };
  return moments;
}
