import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFaults, type Draw, type FaultSettings, type Operation } from './faults.ts';

function draws(settings: Partial<FaultSettings>, operations: readonly Operation[]): Draw[] {
  const faults = createFaults();
  faults.replace(settings);
  return operations.map((operation) => faults.draw(operation));
}

const charges = (count: number) => Array.from({ length: count }, (): Operation => 'charge');
const kinds = (drawn: readonly Draw[]) => drawn.map(({ fault }) => fault.kind);
const share = (drawn: readonly Draw[], of: (draw: Draw) => boolean) => drawn.filter(of).length / drawn.length;

const rate = fc.double({ min: 0, max: 1, noNaN: true });
const settings = fc.record({
  seed: fc.nat(),
  latencyJitterMs: fc.nat(60_000),
  unauthorizedRate: rate,
  rateLimitRate: rate,
  errorRate: rate,
  resetRate: rate,
  timeoutRate: rate,
  declineRate: rate,
  malformedRate: rate,
  slowSuccessRate: rate,
});
const operations = fc.array(fc.constantFrom<Operation>('charge', 'cancel'), { minLength: 1, maxLength: 50 });

describe('seeds', () => {
  test('a seed repeats its draws exactly', () => {
    fc.assert(
      fc.property(settings, operations, (given, sequence) => {
        expect(draws(given, sequence)).toEqual(draws(given, sequence));
      }),
    );
  });

  test('a seed hits the same requests whatever the settings of lower precedence', () => {
    fc.assert(
      fc.property(settings, operations, ({ unauthorizedRate, ...others }, sequence) => {
        const alone = kinds(draws({ seed: others.seed, unauthorizedRate }, sequence));
        const among = kinds(draws({ ...others, unauthorizedRate }, sequence));
        expect(among.map((kind) => kind === 'unauthorized')).toEqual(
          alone.map((kind) => kind === 'unauthorized'),
        );
      }),
    );
  });

  test('replacing the settings restarts the sequence of a seed', () => {
    const faults = createFaults();
    const given = { seed: 42, errorRate: 0.5 };
    const run = () => {
      faults.replace(given);
      return kinds(charges(20).map((operation) => faults.draw(operation)));
    };
    expect(run()).toEqual(run());
  });

  test('draws differ between seeds, and without a seed', () => {
    const given = { latencyJitterMs: 60_000 };
    const seeded = draws({ ...given, seed: 1 }, charges(20));
    expect(draws({ ...given, seed: 2 }, charges(20))).not.toEqual(seeded);
    expect(draws(given, charges(20))).not.toEqual(draws(given, charges(20)));
  });
});

describe('rates', () => {
  test('a rate of 0 hits no request and a rate of 1 every request', () => {
    fc.assert(
      fc.property(fc.nat(), operations, (seed, sequence) => {
        expect(new Set(kinds(draws({ seed }, sequence)))).toEqual(new Set(['none']));
        expect(new Set(kinds(draws({ seed, errorRate: 1, timeoutRate: 1 }, sequence)))).toEqual(
          new Set(['error']),
        );
      }),
    );
  });

  test('a rate is the share of the requests that it hits', () => {
    const drawn = draws({ seed: 1, resetRate: 0.2, timeoutRate: 0.5 }, charges(5000));
    expect(share(drawn, ({ fault }) => fault.kind === 'reset')).toBeCloseTo(0.2, 1);
    expect(share(drawn, ({ fault }) => fault.kind === 'timeout')).toBeCloseTo(0.8 * 0.5, 1);
    const resets = drawn.filter(({ fault }) => fault.kind === 'reset');
    expect(share(resets, ({ fault }) => fault.kind === 'reset' && fault.carriedOut)).toBeCloseTo(0.5, 1);
  });
});

test('a cancellation is never declined or malformed', () => {
  expect(kinds(draws({ seed: 1, declineRate: 1, malformedRate: 1 }, ['cancel', 'charge']))).toEqual([
    'none',
    'decline',
  ]);
});

test('jitter is added to the latency and reaches both ends of its range', () => {
  const latencies = draws({ seed: 1, latencyMs: 10, latencyJitterMs: 3 }, charges(200)).map(
    ({ latencyMs }) => latencyMs,
  );
  expect([...new Set(latencies)].toSorted((a, b) => a - b)).toEqual([10, 11, 12, 13]);
});
