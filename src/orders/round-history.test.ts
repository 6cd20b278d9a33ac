import { expect, test } from 'vitest';
import type { CancelOutcome, ChargeOutcome, Undecided } from '../payment/payment-gateway.ts';
import { historyAfter, historyAfterCancel, noHistory, type RoundHistory } from './round-history.ts';

const refused = (refusalCode: string): ChargeOutcome => ({ kind: 'refused', refusalCode });
const unknown = (reason: 'timeout' | 'deadline' | 'gateway_error'): Undecided => ({
  kind: 'unknown',
  reason,
});
const unavailable = (reason: 'circuit_open' | 'suspended' | 'client_share' | 'paused'): Undecided => ({
  kind: 'unavailable',
  reason,
});
const after = (...outcomes: ChargeOutcome[]) => outcomes.reduce(historyAfter, noHistory);

test.each<[what: string, outcomes: ChargeOutcome[], expected: Partial<RoundHistory>]>([
  ['no answer', [unknown('timeout'), unknown('timeout')], { unanswered: 2 }],
  ['an answer after none', [unknown('timeout'), unknown('gateway_error')], { unanswered: 0 }],
  ['a card that is suspended for getting none', [unavailable('suspended')], { unanswered: 1 }],
  ['a client that holds its share of the connections', [unavailable('client_share')], { unanswered: 1 }],
  ['a request that was not sent', [unknown('timeout'), unavailable('circuit_open')], { unanswered: 1 }],
  ['nothing', [], { refusals: 0, refusalCode: undefined, unanswered: 0 }],
  ['a pause', [unavailable('paused')], noHistory],
  ['the client’s own deadline after no answer', [unknown('timeout'), unknown('deadline')], { unanswered: 1 }],
  ['the client’s own deadline', [unknown('deadline')], noHistory],
  ['refusals', [refused('a'), refused('b')], { refusals: 2, refusalCode: 'b' }],
  ['no answer after a refusal', [refused('a'), unknown('timeout')], { refusals: 1, unanswered: 1 }],
  [
    'a card that is declined after no answer',
    [unknown('timeout'), { kind: 'declined', declineCode: 'x' }],
    { unanswered: 1 },
  ],
  [
    'a charge that succeeds after no answer',
    [unknown('timeout'), { kind: 'succeeded', paymentId: 'x' }],
    { unanswered: 1 },
  ],
  ['a cancelled charge after no answer', [unknown('timeout'), { kind: 'cancelled' }], { unanswered: 1 }],
  ['an outage between refusals', [refused('a'), unknown('timeout'), refused('a')], { refusals: 2 }],
])('the history of an order counts what the gateway has shown: %s', (_what, outcomes, expected) => {
  expect(after(...outcomes)).toMatchObject(expected);
});

test.each<[what: string, outcome: CancelOutcome, expected: RoundHistory]>([
  ['no answer', unknown('timeout'), { refusals: 1, refusalCode: 'a', unanswered: 2 }],
  ['a card that is suspended', unavailable('suspended'), { refusals: 1, refusalCode: 'a', unanswered: 2 }],
  [
    'a refusal, which is none of the charge',
    { kind: 'refused', refusalCode: 'b' },
    { refusals: 1, refusalCode: 'a', unanswered: 0 },
  ],
])('the history of an order counts what a cancellation has shown: %s', (_what, outcome, expected) => {
  expect(historyAfterCancel(after(refused('a'), unknown('timeout')), outcome)).toEqual(expected);
});
