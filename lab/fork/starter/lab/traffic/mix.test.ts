import { expect, test } from 'vitest';
import { seededRandom } from '../simulator/seeded-random.ts';
import { drawKinds, trafficMix, usualWeights } from './mix.ts';

test('traffic begins with each kind, and then follows the weights', () => {
  const kinds = Object.keys(trafficMix);
  const next = drawKinds(usualWeights, seededRandom(42));
  const drawn = Array.from({ length: 5000 }, next);
  expect(drawn.slice(0, kinds.length)).toEqual(kinds);
  const share = drawn.filter((kind) => kind === 'confirmed').length / drawn.length;
  expect(share).toBeCloseTo(0.81, 1);
});

test('traffic without any weight above 0 is refused', () => {
  expect(() => drawKinds({ confirmed: 0 }, Math.random)).toThrow(RangeError);
});
