import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLedger, totalsOf } from './ledger.ts';

const key = fc.constantFrom('a', 'b', 'c');
const operation = fc.oneof(
  fc.record({
    kind: fc.constant('charge' as const),
    key,
    amountMinor: fc.constantFrom(100, 250),
    currency: fc.constantFrom('EUR', 'JPY'),
    declined: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('cancel' as const), key }),
);

describe('any sequence of charges, repeats and cancellations', () => {
  test('a key captures at most once, and the totals match the captured charges', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
        const ledger = createLedger();
        const standing = new Map<string, { currency: string; amountMinor: number }>();
        const decided = new Set<string>();

        for (const step of operations) {
          if (step.kind === 'cancel') {
            ledger.cancel(step.key);
            standing.delete(step.key);
          } else {
            const { declined, ...request } = step;
            ledger.charge({ ...request, paymentToken: 'tok_visa' }, declined ? 'card_declined' : undefined);
            if (!decided.has(step.key) && !declined) standing.set(step.key, step);
          }
          decided.add(step.key);

          const records = ledger.records();
          const sums: Record<string, number> = {};
          for (const { currency, amountMinor } of standing.values()) {
            sums[currency] = (sums[currency] ?? 0) + amountMinor;
          }
          expect(records.map(({ captures }) => captures).filter((captures) => captures > 1)).toEqual([]);
          expect(
            records
              .filter(({ status }) => status === 'succeeded')
              .map((record) => record.key)
              .toSorted(),
          ).toEqual([...standing.keys()].toSorted());
          expect(totalsOf(records)).toMatchObject({ captured: standing.size, capturedMinor: sums });
        }
      }),
    );
  });

  test('a decided key keeps its state, except that a charge can be refunded', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
        const ledger = createLedger();
        for (const step of operations) {
          const before = ledger.find(step.key)?.status;
          if (step.kind === 'cancel') ledger.cancel(step.key);
          else
            ledger.charge({ ...step, paymentToken: 'tok_visa' }, step.declined ? 'card_declined' : undefined);
          const after = ledger.find(step.key)?.status;

          const allowed = before === 'succeeded' && step.kind === 'cancel' ? 'cancelled' : (before ?? after);
          expect(after).toBe(allowed);
        }
      }),
    );
  });
});

test('two captured charges for one reference count as a duplicate until one is refunded', () => {
  const ledger = createLedger();
  const request = { amountMinor: 900, currency: 'EUR', paymentToken: 'tok_visa', reference: 'order 1' };
  ledger.charge({ ...request, key: 'a' });
  ledger.charge({ ...request, key: 'b' });
  expect(totalsOf(ledger.records()).duplicates).toBe(1);

  ledger.cancel('a');
  expect(totalsOf(ledger.records()).duplicates).toBe(0);
});

test('a key whose requests all met faults counts attempts and has no record', () => {
  const ledger = createLedger();
  expect(ledger.arrive('a', 'request 1')).toBe(1);
  expect(ledger.arrive('a', 'request 2')).toBe(2);
  expect(ledger.find('a')).toBeUndefined();
  expect(ledger.records()).toEqual([]);

  ledger.charge({ key: 'a', amountMinor: 900, currency: 'EUR', paymentToken: 'tok_visa' });
  expect(ledger.find('a')).toMatchObject({ attempts: 2, requestId: 'request 1', captures: 1 });
});

test('a ledger with a capacity evicts the oldest record', () => {
  const ledger = createLedger({ capacity: 2 });
  const charge = (name: string) => ({
    key: name,
    amountMinor: 100,
    currency: 'EUR',
    paymentToken: 'tok_visa',
  });
  for (const name of ['first', 'second', 'third']) ledger.charge(charge(name));
  expect(ledger.records().map((record) => record.key)).toEqual(['second', 'third']);
  expect(ledger.charge(charge('third'))).toMatchObject({ replayed: true });
});
