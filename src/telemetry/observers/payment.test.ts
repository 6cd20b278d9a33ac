import { expect, test } from 'vitest';
import type { ChargeOutcome, Undecided } from '../../payment/payment-gateway.ts';
import { createResilientPaymentGateway } from '../../payment/resilient-payment-gateway.ts';
import { createLogger } from '../logging/logger.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { runInRequest } from '../request-log.ts';
import { observePayments } from './payment.ts';

const lost: Undecided = { kind: 'unknown', reason: 'connection_lost' };

test.each<[string, ChargeOutcome, number, string[]]>([
  ['that succeeds at once', { kind: 'succeeded', paymentId: 'ch_1' }, 1, []],
  [
    'that is declined after two retries',
    { kind: 'declined', declineCode: 'do_not_honor' },
    3,
    ['retried 2', 'recovered 1'],
  ],
  ['that stays unknown after two retries', lost, 3, ['retried 2', 'exhausted 1']],
  ['that stays unknown without a retry', lost, 1, []],
])('a call %s has its retries and one end of them', async (_what, outcome, attempts, counted) => {
  const metrics = createMetrics();
  const events = observePayments(createLogger({ service: 'test', level: 'silent' }), metrics);
  const call = { operation: 'charge', key: 'order-1' } as const;
  await runInRequest({ requestLog: { request_id: 'r' }, trace: undefined }, () =>
    events.calling(call, async () => {
      for (let attempt = 1; attempt <= attempts; attempt += 1) {
        events.attempting({ ...call, attempt });
        if (attempt < attempts) events.retrying({ ...call, attempt, outcome: lost, delay: 5 });
      }
      return outcome;
    }),
  );
  const text = await metrics.render('text');
  expect(
    [...text.matchAll(/^retries_total\{.*result="(\w+)"\} (\d+)$/gm)].map(([, ...parts]) => parts.join(' ')),
  ).toEqual(counted);
});

const policy = {
  maxAttempts: 1,
  deadline: 3000,
  attemptTimeout: 1000,
  patientTimeout: 1000,
  connections: 1,
  clientShare: 1,
  longestPause: 60_000,
  backoff: { base: 0, floor: 0, cap: 0 },
  retryBudget: { share: 0, reserve: 0 },
  breaker: { errorShare: 0.5, volume: 10, window: 10_000, openFor: 5000 },
};
const busy: Undecided = { kind: 'unavailable', reason: 'rate_limited', retryAfter: 1000 };

test.each<[string, Undecided, string]>([
  ['a lost connection', lost, 'failure'],
  ['an answer after which the gateway pauses', busy, 'success'],
  ['a key that is in use', { kind: 'unavailable', reason: 'key_in_use' }, 'success'],
  ['no answer in time', { kind: 'unknown', reason: 'timeout' }, 'timeout'],
])('the breaker counts %s as it judges it', async (_what, outcome, counted) => {
  const metrics = createMetrics();
  const gateway = createResilientPaymentGateway(
    { charge: async () => outcome, cancel: async () => outcome },
    policy,
    observePayments(createLogger({ service: 'test', level: 'silent' }), metrics),
  );
  await gateway.charge(
    { key: 'order-1', amountMinor: 900, currency: 'EUR', paymentToken: 'tok_visa' },
    { requestId: 'r', retry: false },
  );
  gateway.close();
  const text = await metrics.render('text');
  expect(/^circuit_breaker_calls_total\{.*outcome="(\w+)"\} 1$/m.exec(text)?.[1]).toBe(counted);
});
