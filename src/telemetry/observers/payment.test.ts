import { expect, test } from 'vitest';
import type { ChargeOutcome, Undecided } from '../../payment/payment-gateway.ts';
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
