import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextState, type OrderState, orderStatuses, type Verdict } from './order-state.ts';

const outcome: fc.Arbitrary<Verdict> = fc.oneof(
  fc.string({ minLength: 1 }).map((paymentId) => ({ kind: 'succeeded' as const, paymentId })),
  fc.string({ minLength: 1 }).map((declineCode) => ({ kind: 'declined' as const, declineCode })),
  fc.constant({ kind: 'cancelled' as const }),
  fc.string({ minLength: 1 }).map((refusalCode) => ({ kind: 'refused' as const, refusalCode })),
  fc.string({ minLength: 1 }).map((refusalCode) => ({ kind: 'given_up' as const, refusalCode })),
  fc
    .constantFrom(
      'circuit_open' as const,
      'unreachable' as const,
      'suspended' as const,
      'paused' as const,
      'rate_limited' as const,
      'key_in_use' as const,
      'rejected' as const,
    )
    .map((reason) => ({ kind: 'unavailable' as const, reason })),
  fc
    .constantFrom(
      'timeout' as const,
      'connection_lost' as const,
      'gateway_error' as const,
      'malformed_answer' as const,
    )
    .map((reason) => ({ kind: 'unknown' as const, reason })),
);

const pending: OrderState = { status: 'pending' };
const walk = (outcomes: readonly Verdict[]) => {
  const states: OrderState[] = [pending];
  for (const each of outcomes) states.push(nextState(states.at(-1) ?? pending, each));
  return states;
};

test('an order reaches only defined states, whatever the sequence of outcomes', () => {
  fc.assert(
    fc.property(fc.array(outcome), (outcomes) => {
      for (const state of walk(outcomes)) {
        expect(orderStatuses).toContain(state.status);
        if (state.status === 'paid') expect(state.paymentId).not.toBe('');
        if (state.status === 'declined') expect(state.declineCode).not.toBe('');
        if (state.status === 'refused') expect(state.refusalCode).not.toBe('');
      }
    }),
  );
});

test('an order leaves pending at the first decisive outcome, and keeps that state', () => {
  fc.assert(
    fc.property(fc.array(outcome), (outcomes) => {
      const decides = ({ kind }: Verdict) => !['unavailable', 'unknown', 'refused'].includes(kind);
      const first = outcomes.find(decides);
      const end = walk(outcomes).at(-1);
      if (first === undefined) expect(end).toEqual(pending);
      else expect(end).toEqual(nextState(pending, first));
      expect(new Set(walk(outcomes).map(({ status }) => status)).size).toBeLessThanOrEqual(2);
    }),
  );
});

test.each([
  [
    { kind: 'succeeded', paymentId: 'ch_1' },
    { status: 'paid', paymentId: 'ch_1' },
  ],
  [
    { kind: 'declined', declineCode: 'expired_card' },
    { status: 'declined', declineCode: 'expired_card' },
  ],
  [{ kind: 'cancelled' }, { status: 'cancelled' }],
  [{ kind: 'refused', refusalCode: 'amount_too_small' }, pending],
  [
    { kind: 'given_up', refusalCode: 'amount_too_small' },
    { status: 'refused', refusalCode: 'amount_too_small' },
  ],
  [{ kind: 'unavailable', reason: 'circuit_open' }, pending],
  [{ kind: 'unknown', reason: 'timeout' }, pending],
] as const)('the outcome %o turns a pending order into %o', (given, expected) => {
  expect(nextState(pending, given)).toEqual(expected);
});
