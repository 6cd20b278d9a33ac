import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CallContext, Charge, ChargeOutcome, PaymentEvents, Undecided } from './payment-gateway.ts';
import { createResilientPaymentGateway, type ResiliencePolicy } from './resilient-payment-gateway.ts';

const policy: ResiliencePolicy = {
  maxAttempts: 3,
  deadline: 1000,
  attemptTimeout: 400,
  backoff: { base: 10, floor: 1, cap: 20 },
  retryBudget: { share: 1, reserve: 100 },
  breaker: { errorShare: 0.5, volume: 2, window: 60_000, openFor: 5000 },
};
const tolerantBreaker = { ...policy.breaker, volume: 1000 };
const charge: Charge = { key: 'order-1', amountMinor: 900, currency: 'EUR', paymentToken: 'tok_visa' };

const succeeded: ChargeOutcome = { kind: 'succeeded', paymentId: 'ch_1' };
const declined: ChargeOutcome = { kind: 'declined', declineCode: 'expired_card' };
const unreachable: Undecided = { kind: 'unavailable', reason: 'unreachable' };
const rejected: Undecided = { kind: 'unavailable', reason: 'rejected' };
const reset: Undecided = { kind: 'unknown', reason: 'connection_lost' };
const timeout: Undecided = { kind: 'unknown', reason: 'timeout' };
const circuitOpen: Undecided = { kind: 'unavailable', reason: 'circuit_open' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A resilient gateway around one that answers with the outcomes in turn, and with the last one from then on. */
function gatewayOf(outcomes: readonly ChargeOutcome[], overrides: Partial<ResiliencePolicy> = {}) {
  const remaining = [...outcomes];
  const requests: CallContext[] = [];
  const happened: string[] = [];
  const events: PaymentEvents = {
    calling: (_call, work) => work(),
    attempting: () => {},
    attempted: ({ attempt, outcome }) => happened.push(`attempt ${attempt} ${outcome.kind}`),
    retrying: ({ attempt }) => happened.push(`retry after ${attempt}`),
    retryBudgetSpent: ({ attempt }) => happened.push(`budget spent after ${attempt}`),
    circuitChanged: ({ to }) => happened.push(to),
  };
  const next = (context: CallContext) => {
    requests.push(context);
    const outcome = remaining.length > 1 ? remaining.shift() : remaining[0];
    if (outcome === undefined) throw new Error('no outcome is scripted');
    return Promise.resolve(outcome);
  };
  const gateway = createResilientPaymentGateway(
    { charge: (_charge, context) => next(context), cancel: () => Promise.resolve({ kind: 'cancelled' }) },
    { ...policy, ...overrides },
    events,
  );
  return {
    requests,
    happened,
    state: () => gateway.circuitState(),
    async charge(context: Omit<CallContext, 'requestId'> = {}) {
      const charging = gateway.charge(charge, { requestId: 'request-1', ...context });
      await vi.advanceTimersByTimeAsync(policy.deadline);
      return charging;
    },
  };
}

test.each<[string, ChargeOutcome[], ChargeOutcome]>([
  ['a reset and a refused connection', [reset, unreachable], reset],
  ['a reset and a rejection', [reset, rejected], reset],
  ['two different doubts', [reset, timeout], timeout],
  ['a refused connection alone', [unreachable], unreachable],
])('a charge is in doubt once any attempt was: after %s', async (_what, outcomes, expected) => {
  const { charge: pay } = gatewayOf(outcomes, { breaker: tolerantBreaker });
  expect(await pay()).toEqual(expected);
});

test.each([succeeded, declined])(
  'a decided outcome ends the doubt of earlier attempts: %o',
  async (decided) => {
    const { charge: pay, happened } = gatewayOf([reset, decided]);
    expect(await pay()).toEqual(decided);
    expect(happened).toEqual(['attempt 1 unknown', 'retry after 1', `attempt 2 ${decided.kind}`]);
  },
);

test('a charge is attempted only once when its caller retries by itself', async () => {
  const { charge: pay, happened } = gatewayOf([reset, succeeded]);
  expect(await pay({ retry: false })).toEqual(reset);
  expect(happened).toEqual(['attempt 1 unknown']);
});

test('a charge is not retried once the budget is spent, and reports it', async () => {
  const retryBudget = { share: 0, reserve: 1 };
  const { charge: pay, happened } = gatewayOf([unreachable], { retryBudget, breaker: tolerantBreaker });
  await pay();
  expect(happened).toEqual([
    'attempt 1 unavailable',
    'retry after 1',
    'attempt 2 unavailable',
    'budget spent after 2',
  ]);
});

test('an open circuit ends the retries of a charge, and its doubt remains', async () => {
  const { charge: pay, requests, happened } = gatewayOf([reset]);
  expect(await pay()).toEqual(reset);
  expect(requests).toHaveLength(2);
  expect(happened).toContain('open');
  expect(await pay()).toEqual(circuitOpen);
  expect(requests).toHaveLength(2);
});

test('an attempt never gets more time than is left until the deadline', async () => {
  const { charge: pay, requests } = gatewayOf([reset], { breaker: tolerantBreaker });
  await pay({ timeLimit: 300 });
  expect(requests.length).toBeGreaterThan(1);
  for (const { timeLimit } of requests) expect(timeLimit).toBeLessThanOrEqual(300);
});

test('an attempt that the caller’s deadline cuts off does not count against the gateway', async () => {
  const { charge: pay, state } = gatewayOf([timeout]);
  for (let call = 0; call < 10; call += 1) {
    expect(await pay({ timeLimit: 100, retry: false })).toEqual({ kind: 'unknown', reason: 'deadline' });
  }
  expect(state()).toBe('closed');
});

test('a shortened attempt that fails before its time limit counts against the gateway', async () => {
  const { charge: pay, state } = gatewayOf([reset]);
  for (let call = 0; call < 2; call += 1) await pay({ timeLimit: 100, retry: false });
  expect(state()).toBe('open');
});

test('a shortened attempt is no probe for a half-open circuit', async () => {
  const { charge: pay, requests, state } = gatewayOf([reset, reset, succeeded]);
  await pay();
  await vi.advanceTimersByTimeAsync(policy.breaker.openFor);
  expect(state()).toBe('half_open');

  expect(await pay({ timeLimit: 100 })).toEqual(circuitOpen);
  expect(requests).toHaveLength(2);
  expect(await pay()).toEqual(succeeded);
  expect(state()).toBe('closed');
});
