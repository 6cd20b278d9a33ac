import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../simulator/seeded-random.ts';
import { drawKinds, type TrafficKind, trafficMix, usualWeights, type Weights } from './mix.ts';

const kinds = Object.keys(trafficMix).map((name) => name as TrafficKind);
const weights = fc
  .dictionary(fc.constantFrom(...kinds), fc.integer({ min: 0, max: 100 }))
  .filter((each) => Object.values(each).some((weight) => weight > 0));

function draw(mix: Weights, seed: number, count: number): TrafficKind[] {
  const next = drawKinds(mix, seededRandom(seed));
  return Array.from({ length: count }, next);
}

test('drawKinds begins with each kind that has a weight and draws no other', () => {
  fc.assert(
    fc.property(weights, fc.nat(), (mix, seed) => {
      const wanted = kinds.filter((kind) => (mix[kind] ?? 0) > 0);
      const drawn = draw(mix, seed, 100);
      expect(drawn.slice(0, wanted.length)).toEqual(wanted);
      for (const kind of drawn) expect(wanted).toContain(kind);
    }),
  );
});

test('drawKinds repeats its draws with the same seed', () => {
  expect(draw(usualWeights, 42, 200)).toEqual(draw(usualWeights, 42, 200));
  expect(draw(usualWeights, 42, 200)).not.toEqual(draw(usualWeights, 43, 200));
});

test('drawKinds draws each kind in proportion to its weight', () => {
  const drawn = draw({ paid: 3, declined: 1 }, 1, 10_000);
  expect(drawn.filter((kind) => kind === 'declined').length / drawn.length).toBeCloseTo(0.25, 1);
});

test('the usual mix keeps the latency objective: fewer than one visit in a hundred is slow', () => {
  const total = Object.values(usualWeights).reduce((sum, weight) => sum + weight, 0);
  const slow = (usualWeights.slow ?? 0) + (usualWeights.cancelled ?? 0);
  expect(slow / total).toBeLessThan(0.005);
});

test('drawKinds rejects a mix without any weight above 0', () => {
  expect(() => drawKinds({ paid: 0 }, Math.random)).toThrow(RangeError);
});
