import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CallContext, CancelOutcome, Charge, ChargeOutcome, PaymentEvents } from './payment-gateway.ts';
import { createResilientPaymentGateway, type ResiliencePolicy } from './resilient-payment-gateway.ts';

const policy: ResiliencePolicy = {
  maxAttempts: 3,
  deadline: 1000,
  attemptTimeout: 400,
  patientTimeout: 5000,
  connections: 64,
  clientShare: 0.75,
  longestPause: 60_000,
  backoff: { base: 10, floor: 10, cap: 10 },
  retryBudget: { share: 1, reserve: 100 },
  breaker: { errorShare: 0.5, volume: 2, window: 60_000, openFor: 5000 },
};
const charge: Charge = { key: 'order-1', amountMinor: 900, currency: 'EUR', paymentToken: 'tok_visa' };
const succeeded: ChargeOutcome = { kind: 'succeeded', paymentId: 'ch_1' };
const unreachable: ChargeOutcome = { kind: 'unavailable', reason: 'unreachable' };
const reset: ChargeOutcome = { kind: 'unknown', reason: 'connection_lost' };
const timeout: ChargeOutcome = { kind: 'unknown', reason: 'timeout' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** An outcome, and the milliseconds that it takes. Default: 20. */
type Answer = ChargeOutcome | [outcome: ChargeOutcome, duration: number];

/** A gateway that answers in turn, with what is asked of it and what is reported. */
function gatewayOf(answers: Answer[], overrides: Partial<ResiliencePolicy> = {}) {
  const asked: unknown[][] = [];
  const events: unknown[][] = [];
  const startedAt = performance.now();
  async function answer(...question: unknown[]): Promise<ChargeOutcome> {
    asked.push([performance.now() - startedAt, ...question]);
    const next = answers.shift();
    if (next === undefined) throw new Error('no outcome is scripted');
    const [outcome, duration] = Array.isArray(next) ? next : [next, 20];
    await new Promise((resolve) => setTimeout(resolve, duration));
    return outcome;
  }
  const record = (name: string) => (event?: unknown) => void events.push([name, event]);
  const reported: PaymentEvents = {
    calling(call, work) {
      record('calling')(call);
      return work();
    },
    attempting: record('attempting'),
    attempted: record('attempted'),
    retrying: record('retrying'),
    retryBudgetSpent: record('retryBudgetSpent'),
    circuitChanged: record('circuitChanged'),
    suspended: record('suspended'),
    clientShareUsed: record('clientShareUsed'),
    paused: record('paused'),
    resumed: record('resumed'),
  };
  const gateway = createResilientPaymentGateway(
    { charge: answer, cancel: (...question) => answer(...question) as Promise<CancelOutcome> },
    { ...policy, ...overrides },
    reported,
  );
  async function run<T>(calling: Promise<T>): Promise<T> {
    await vi.advanceTimersByTimeAsync(policy.deadline);
    return calling;
  }
  return {
    asked,
    events,
    gateway,
    named: (name: string) => events.filter(([each]) => each === name).map(([, event]) => event),
    pay: (context: Partial<CallContext> = {}) =>
      run(gateway.charge(charge, { requestId: 'request-1', ...context })),
    cancel: () => run(gateway.cancel('order-1', { requestId: 'request-1' })),
  };
}

test('a call and each of its attempts are reported with their key, operation, duration and circuit', async () => {
  const { pay, events } = gatewayOf([unreachable, succeeded]);
  expect(await pay()).toEqual(succeeded);
  const call = { operation: 'charge', key: 'order-1' };
  const attempt = { ...call, breaker: 'payment', circuit: 'closed' };
  expect(events).toEqual([
    ['calling', call],
    ['attempting', { ...attempt, attempt: 1 }],
    ['attempted', { ...attempt, attempt: 1, outcome: unreachable, isFailure: true, duration: 20 }],
    ['retrying', { ...call, attempt: 1, outcome: unreachable, delay: 10 }],
    ['attempting', { ...attempt, attempt: 2 }],
    ['attempted', { ...attempt, attempt: 2, outcome: succeeded, isFailure: false, duration: 20 }],
  ]);
});

test('a cancellation goes to the gateway under its key, and is reported as one', async () => {
  const { cancel, asked, events } = gatewayOf([{ kind: 'cancelled' }]);
  expect(await cancel()).toEqual({ kind: 'cancelled' });
  expect(asked).toEqual([
    [0, 'order-1', { requestId: 'request-1', timeLimit: Infinity, attemptTimeout: 400 }],
  ]);
  expect(events[0]).toEqual(['calling', { operation: 'cancel', key: 'order-1' }]);
});

test('an attempt gets the charge, the context and the time that is left', async () => {
  const { pay, asked } = gatewayOf([reset, succeeded]);
  await pay({ timeLimit: 500 });
  // 20 ms for the attempt, 10 ms for the backoff.
  expect(asked).toEqual([
    [0, charge, { requestId: 'request-1', timeLimit: 500, attemptTimeout: 400 }],
    [30, charge, { requestId: 'request-1', timeLimit: 470, attemptTimeout: 400 }],
  ]);
});

test('a charge whose attempts all fail ends without a word about the budget', async () => {
  const { pay, named } = gatewayOf([unreachable, unreachable, unreachable], {
    breaker: { ...policy.breaker, volume: 10 },
  });
  expect(await pay()).toEqual(unreachable);
  expect(named('retrying')).toHaveLength(2);
  expect(named('retryBudgetSpent')).toEqual([]);
});

test('a charge that the gateway rejects is not repeated', async () => {
  const rejected: ChargeOutcome = { kind: 'unavailable', reason: 'rejected' };
  const { pay, asked } = gatewayOf([rejected]);
  expect(await pay()).toEqual(rejected);
  expect(asked).toHaveLength(1);
});

test('a gateway that asks for pauses again and again keeps its circuit closed', async () => {
  const busy: ChargeOutcome = { kind: 'unavailable', reason: 'rate_limited', retryAfter: 100 };
  const { pay, gateway, asked } = gatewayOf([busy, busy, busy, busy]);
  for (let call = 0; call < 4; call += 1) await pay({ retry: false });
  expect(asked).toHaveLength(4);
  expect(gateway.circuitStates().payment).toBe('closed');
});

test('without pauses, a gateway that asks for them again and again opens its circuit', async () => {
  const busy: ChargeOutcome = { kind: 'unavailable', reason: 'rate_limited', retryAfter: 100 };
  const { pay, gateway } = gatewayOf([busy, busy], { longestPause: 0 });
  for (let call = 0; call < 2; call += 1) await pay({ retry: false });
  expect(gateway.circuitStates().payment).toBe('open');
});

test.each([
  ['the client waits for as long as the service', policy.deadline, 'open'],
  ['the client grants exactly as much as is due', 400, 'open'],
  ['the client grants less than is due', 399, 'closed'],
] as const)('timeouts count against the gateway unless %s', async (_what, timeLimit, state) => {
  const { pay, gateway } = gatewayOf([timeout, timeout]);
  for (let call = 0; call < 2; call += 1) await pay({ timeLimit, retry: false });
  expect(gateway.circuitStates().payment).toBe(state);
});

test.each([{}, { timeLimit: policy.deadline }])(
  'a timeout counts against the gateway when the service’s own deadline comes first: %o',
  async (context) => {
    const { pay, gateway } = gatewayOf([[reset, 700], timeout]);
    expect(await pay(context)).toEqual(timeout);
    expect(gateway.circuitStates().payment).toBe('open');
  },
);

test('a cause that is suspended is reported and listed, and another one is not', async () => {
  const breaker = { ...policy.breaker, volume: 10 };
  const { pay, gateway, named } = gatewayOf([succeeded, ...Array.from({ length: 9 }, () => reset)], {
    breaker,
  });
  await pay({ causes: ['card:visa'] });
  for (let call = 0; call < 9; call += 1) await pay({ retry: false, causes: ['card:silent'] });
  expect(named('suspended')).toEqual([{ breaker: 'payment', cause: 'card:silent' }]);
  expect(gateway.suspended()).toEqual(['card:silent']);
});

test('a charge that a suspended card keeps back does not ask whether a pause is over', async () => {
  const silent = { retry: false, causes: ['card:silent'] };
  const busy: ChargeOutcome = { kind: 'unavailable', reason: 'rate_limited', retryAfter: 1500 };
  const failing = Array.from({ length: 9 }, () => reset);
  const { pay, gateway, asked } = gatewayOf([succeeded, ...failing, busy, succeeded], {
    breaker: { ...policy.breaker, volume: 10 },
  });
  await pay({ causes: ['card:visa'] });
  for (const _ of failing) await pay(silent);
  await pay({ retry: false });
  await vi.advanceTimersByTimeAsync(1000);
  expect(await pay(silent)).toEqual({ kind: 'unavailable', reason: 'suspended' });
  expect(gateway.pauseCapacity()).toBe(1);
  const others = [pay({ retry: false }), pay({ retry: false })];
  expect((await Promise.all(others)).map((outcome) => 'reason' in outcome && outcome.reason)).toEqual([
    false,
    'paused',
  ]);
  expect(asked).toHaveLength(12);
});

const patient = { patient: true } as const;

test('a patient charge that fails slowly counts against the gateway for clients, too', async () => {
  const { pay, gateway } = gatewayOf([
    [reset, 600],
    [reset, 600],
  ]);
  for (let call = 0; call < 2; call += 1) await pay(patient);
  expect(gateway.circuitStates()).toEqual({ payment: 'open', settlement: 'open' });
});

test('a patient charge without an answer does not open the circuit of patient charges', async () => {
  const { pay, gateway } = gatewayOf([timeout, timeout, timeout]);
  for (let call = 0; call < 3; call += 1) await pay(patient);
  expect(gateway.circuitStates()).toEqual({ payment: 'open', settlement: 'closed' });
});

test.each([
  [400, 'closed'],
  [401, 'half_open'],
] as const)(
  'a patient charge that succeeds after %i ms leaves the circuit of clients %s',
  async (took, state) => {
    const { pay, gateway } = gatewayOf([reset, reset, [succeeded, took]]);
    await pay();
    expect(gateway.circuitStates()).toEqual({ payment: 'open', settlement: 'closed' });
    await vi.advanceTimersByTimeAsync(policy.breaker.openFor);
    expect(await pay(patient)).toEqual(succeeded);
    expect(gateway.circuitStates().payment).toBe(state);
  },
);

test('a charge of a client that succeeds lets patient charges go on, and one that fails tells them nothing', async () => {
  const { pay, gateway } = gatewayOf([reset, reset, reset, succeeded], {
    breaker: { ...policy.breaker, errorShare: 0.9, volume: 2 },
  });
  for (let call = 0; call < 2; call += 1) await pay(patient);
  await vi.advanceTimersByTimeAsync(policy.breaker.openFor);
  expect(gateway.circuitStates()).toEqual({ payment: 'half_open', settlement: 'half_open' });
  await pay({ retry: false });
  expect(gateway.circuitStates()).toEqual({ payment: 'open', settlement: 'half_open' });
  await vi.advanceTimersByTimeAsync(policy.breaker.openFor);
  expect(await pay()).toEqual(succeeded);
  expect(gateway.circuitStates()).toEqual({ payment: 'closed', settlement: 'closed' });
});

test('charges of clients that succeed do not hide that patient charges fail', async () => {
  const fine = Array.from({ length: 10 }, () => succeeded);
  const { pay, gateway } = gatewayOf([...fine, reset, reset]);
  for (const _ of fine) await pay();
  for (let call = 0; call < 2; call += 1) await pay(patient);
  expect(gateway.circuitStates()).toEqual({ payment: 'closed', settlement: 'open' });
});

test('a gateway that is closed leaves no timer behind', async () => {
  const { pay, gateway } = gatewayOf([
    reset,
    reset,
    { kind: 'unavailable', reason: 'rate_limited', retryAfter: 9000 },
  ]);
  for (let call = 0; call < 2; call += 1) await pay(patient);
  await vi.advanceTimersByTimeAsync(policy.breaker.openFor);
  await pay();
  expect(gateway.pausedFor()).toBeGreaterThan(0);
  expect(vi.getTimerCount()).toBeGreaterThan(0);
  gateway.close();
  expect(vi.getTimerCount()).toBe(0);
});
