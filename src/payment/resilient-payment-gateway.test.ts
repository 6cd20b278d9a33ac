import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CallContext, Charge, ChargeOutcome, PaymentEvents, Undecided } from './payment-gateway.ts';
import { createResilientPaymentGateway, type ResiliencePolicy } from './resilient-payment-gateway.ts';

const policy: ResiliencePolicy = {
  maxAttempts: 3,
  deadline: 1000,
  attemptTimeout: 400,
  patientTimeout: 5000,
  connections: 64,
  clientShare: 0.75,
  longestPause: 60_000,
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
const refused: ChargeOutcome = { kind: 'refused', refusalCode: 'amount_too_small' };
const busyFor = (retryAfter: number): Undecided => ({
  kind: 'unavailable',
  reason: 'rate_limited',
  retryAfter,
});
const keyInUse: Undecided = { kind: 'unavailable', reason: 'key_in_use' };
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
    circuitChanged: ({ breaker, to }) => happened.push(breaker === 'payment' ? to : `${breaker} ${to}`),
    suspended: ({ cause }) => happened.push(`suspended ${cause}`),
    clientShareUsed: ({ client }) => happened.push(`share of ${client} used`),
    paused: ({ duration }) => happened.push(`paused for ${duration}`),
    resumed: () => happened.push('resumed'),
  };
  const held: Array<Promise<void>> = [];
  const next = async (context: CallContext) => {
    requests.push(context);
    const outcome = remaining.length > 1 ? remaining.shift() : remaining[0];
    if (outcome === undefined) throw new Error('no outcome is scripted');
    await held.shift();
    return outcome;
  };
  const gateway = createResilientPaymentGateway(
    { charge: (_charge, context) => next(context), cancel: () => Promise.resolve({ kind: 'cancelled' }) },
    { ...policy, ...overrides },
    events,
  );
  return {
    requests,
    happened,
    state: () => gateway.circuitStates().payment,
    /** A charge that the gateway answers only at the end. */
    hold(context: Omit<CallContext, 'requestId'> = {}) {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.push(promise);
      const charging = gateway.charge(charge, { requestId: 'request-1', ...context });
      return {
        async end() {
          resolve();
          await vi.advanceTimersByTimeAsync(0);
          return charging;
        },
      };
    },
    async charge(context: Omit<CallContext, 'requestId'> = {}) {
      const charging = gateway.charge(charge, { requestId: 'request-1', ...context });
      await vi.advanceTimersByTimeAsync(context.patient ? policy.patientTimeout : policy.deadline);
      return charging;
    },
  };
}

test.each<[string, ChargeOutcome[], ChargeOutcome]>([
  ['a reset and a refused connection', [reset, unreachable], reset],
  ['a reset and a rejection', [reset, rejected], reset],
  ['two different doubts', [reset, timeout], timeout],
  ['a refused connection alone', [unreachable], unreachable],
  ['a reset and a refusal', [reset, refused], reset],
  ['a reset and a pause, which it waits for', [reset, busyFor(9000)], { ...reset, retryAfter: 9000 }],
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

test.each([refused, keyInUse])('the outcome %o does not count against the gateway', async (outcome) => {
  const { charge: pay, state } = gatewayOf([outcome]);
  for (let call = 0; call < 20; call += 1) await pay();
  expect(state()).toBe('closed');
});

test('a refused charge is not repeated', async () => {
  const { charge: pay, requests } = gatewayOf([refused]);
  expect(await pay()).toEqual(refused);
  expect(requests).toHaveLength(1);
});

test('a charge whose key is in use is repeated, because its first request may be about to end', async () => {
  const { charge: pay } = gatewayOf([keyInUse, succeeded]);
  expect(await pay()).toEqual(succeeded);
});

test('a Retry-After to one charge pauses all others, and the circuit stays closed', async () => {
  const { charge: pay, requests, happened, state } = gatewayOf([busyFor(30_000), succeeded]);
  expect(await pay()).toEqual(busyFor(30_000));
  for (let call = 0; call < 10; call += 1) {
    expect(await pay()).toMatchObject({ kind: 'unavailable', reason: 'paused' });
  }
  expect(requests).toHaveLength(1);
  expect(happened).toContain('paused for 30000');
  await vi.advanceTimersByTimeAsync(30_000);
  expect(await pay()).toEqual(succeeded);
  expect(state()).toBe('closed');
});

test('a charge reports the pause that it has to wait for, up to the maximum', async () => {
  const { charge: pay } = gatewayOf([busyFor(policy.longestPause * 10)]);
  expect(await pay()).toEqual(busyFor(policy.longestPause));
});

test('a charge that was told to wait for less than its deadline is repeated after the wait', async () => {
  const { charge: pay, requests } = gatewayOf([busyFor(500), succeeded]);
  expect(await pay()).toEqual(succeeded);
  expect(requests).toHaveLength(2);
});

test('a patient charge is attempted once, with more time', async () => {
  const { charge: pay, requests } = gatewayOf([reset, succeeded]);
  expect(await pay({ patient: true })).toEqual(reset);
  expect(requests.map(({ attemptTimeout }) => attemptTimeout)).toEqual([policy.patientTimeout]);
});

test('a patient charge goes through while the circuit of others is open, and closes it when it is fast', async () => {
  const { charge: pay, requests, happened, state } = gatewayOf([timeout, timeout, succeeded]);
  await pay();
  expect(state()).toBe('open');
  expect(await pay({ patient: true })).toEqual(succeeded);
  expect(requests).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(policy.breaker.openFor);
  expect(state()).toBe('half_open');
  expect(await pay({ patient: true })).toEqual(succeeded);
  expect(state()).toBe('closed');
  expect(happened).not.toContain('settlement open');
});

test('patient charges that fail open a circuit of their own', async () => {
  const breaker = { ...policy.breaker, openFor: 60_000 };
  const { charge: pay, requests, happened } = gatewayOf([reset], { breaker });
  for (let call = 0; call < 3; call += 1) await pay({ patient: true });
  expect(happened).toContain('settlement open');
  expect(requests).toHaveLength(2);
});

test('charges of a card that gets no answer are suspended, and those of another card succeed', async () => {
  const breaker = { ...policy.breaker, volume: 10 };
  const { charge: pay, requests } = gatewayOf([succeeded, timeout], { breaker });
  await pay({ causes: ['card:visa', 'client:quiet'] });
  const poison = { retry: false, causes: ['card:silent', 'client:noisy'] };
  for (let call = 0; call < 9; call += 1) expect(await pay(poison)).toEqual(timeout);
  expect(await pay(poison)).toEqual({ kind: 'unavailable', reason: 'suspended' });
  expect(await pay({ ...poison, timeLimit: 100 })).toEqual({ kind: 'unavailable', reason: 'suspended' });
  expect(requests).toHaveLength(10);
});

test('charges of a client that holds its share are not sent, do not count against the gateway, and leave places to others', async () => {
  const places = { connections: 4, clientShare: 0.5 };
  const { charge: pay, hold, requests, happened, state } = gatewayOf([succeeded], places);
  await pay({ causes: ['card:visa', 'client:quiet'] });
  const silent = { causes: ['card:silent', 'client:noisy'] };
  const held = [hold(silent), hold(silent)];
  for (let call = 0; call < 5; call += 1)
    expect(await pay(silent)).toEqual({ kind: 'unavailable', reason: 'client_share' });
  expect(requests).toHaveLength(3);
  expect(await pay({ causes: ['card:visa', 'client:quiet'] })).toEqual(succeeded);
  expect(state()).toBe('closed');
  expect(happened.filter((what) => what === 'share of noisy used')).toHaveLength(1);
  for (const each of held) expect(await each.end()).toEqual(succeeded);
  expect(await pay(silent)).toEqual(succeeded);
});

test('a charge that waits for a place in vain is not sent', async () => {
  const { charge: pay, hold, requests, state } = gatewayOf([succeeded], { connections: 1 });
  const first = hold();
  for (let call = 0; call < 20; call += 1)
    expect(await pay()).toEqual({ kind: 'unavailable', reason: 'connections_busy' });
  expect(await first.end()).toEqual(succeeded);
  expect([requests.length, state()]).toEqual([1, 'closed']);
});

test.each([
  ['that is retried has all its time afterwards', {}, policy.attemptTimeout],
  ['of a caller that comes back has the rest of its time', { retry: false }, policy.attemptTimeout - 100],
])('a charge that waits for a place and %s', async (_what, context, granted) => {
  const { hold, requests } = gatewayOf([succeeded], { connections: 1 });
  const [first, second] = [hold(), hold(context)];
  await vi.advanceTimersByTimeAsync(100);
  expect(requests).toHaveLength(1);
  expect(await first.end()).toEqual(succeeded);
  expect(await second.end()).toEqual(succeeded);
  expect(requests[1]?.attemptTimeout).toBe(granted);
});
