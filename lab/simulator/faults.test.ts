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

describe('a seed', () => {
  test('repeats its draws exactly', () => {
    fc.assert(
      fc.property(settings, operations, (knobs, sequence) => {
        expect(draws(knobs, sequence)).toEqual(draws(knobs, sequence));
      }),
    );
  });

  test('hits the same requests whatever the knobs of lower precedence', () => {
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

  test('starts again when the settings are replaced', () => {
    const faults = createFaults();
    const knobs = { seed: 42, errorRate: 0.5 };
    const run = () => {
      faults.replace(knobs);
      return kinds(charges(20).map((operation) => faults.draw(operation)));
    };
    expect(run()).toEqual(run());
  });

  test('differs from another seed, and from none', () => {
    const knobs = { latencyJitterMs: 60_000 };
    const seeded = draws({ ...knobs, seed: 1 }, charges(20));
    expect(draws({ ...knobs, seed: 2 }, charges(20))).not.toEqual(seeded);
    expect(draws(knobs, charges(20))).not.toEqual(draws(knobs, charges(20)));
  });
});

describe('a rate', () => {
  test('of 0 hits nothing and of 1 everything', () => {
    fc.assert(
      fc.property(fc.nat(), operations, (seed, sequence) => {
        expect(new Set(kinds(draws({ seed }, sequence)))).toEqual(new Set(['none']));
        expect(new Set(kinds(draws({ seed, errorRate: 1, timeoutRate: 1 }, sequence)))).toEqual(
          new Set(['error']),
        );
      }),
    );
  });

  test('is the share of the requests it hits', () => {
    const drawn = draws({ seed: 1, resetRate: 0.2, timeoutRate: 0.5 }, charges(5000));
    expect(share(drawn, ({ fault }) => fault.kind === 'reset')).toBeCloseTo(0.2, 1);
    expect(share(drawn, ({ fault }) => fault.kind === 'timeout')).toBeCloseTo(0.8 * 0.5, 1);
    const resets = drawn.filter(({ fault }) => fault.kind === 'reset');
    expect(share(resets, ({ fault }) => fault.kind === 'reset' && fault.carriedOut)).toBeCloseTo(0.5, 1);
  });
});

test('a cancellation is neither declined nor answered in a broken form', () => {
  expect(kinds(draws({ seed: 1, declineRate: 1, malformedRate: 1 }, ['cancel', 'charge']))).toEqual([
    'none',
    'decline',
  ]);
});

test('jitter comes on top of the latency and reaches both its ends', () => {
  const latencies = draws({ seed: 1, latencyMs: 10, latencyJitterMs: 3 }, charges(200)).map(
    ({ latencyMs }) => latencyMs,
  );
  expect([...new Set(latencies)].toSorted((a, b) => a - b)).toEqual([10, 11, 12, 13]);
});
