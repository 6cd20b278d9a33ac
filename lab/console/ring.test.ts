import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRing } from './ring.ts';

test('a ring keeps the newest items within its capacity', () => {
  const items = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 3000 });
  fc.assert(
    fc.property(items, fc.integer({ min: 400, max: 5000 }), (sizes, capacity) => {
      const evicted: number[] = [];
      const ring = createRing<{ bytes: number; number: number }>(capacity, ({ number }) =>
        evicted.push(number),
      );
      for (const [number, bytes] of sizes.entries()) ring.push({ number, bytes });

      const kept = [...ring.newestFirst()].map(({ number }) => number);
      const all = sizes.map((_size, number) => number);
      expect(ring.bytes()).toBeLessThanOrEqual(capacity);
      expect([...evicted, ...kept.toReversed()]).toEqual(all);
      expect(ring.size()).toBe(kept.length);
    }),
  );
});

test('an item that grows evicts older ones', () => {
  const ring = createRing<{ bytes: number; name: string }>(100);
  const [first, second] = [
    { name: 'first', bytes: 40 },
    { name: 'second', bytes: 40 },
  ];
  ring.push(first);
  ring.push(second);
  ring.grow(second, 30);
  expect([...ring.newestFirst()]).toEqual([{ name: 'second', bytes: 70 }]);
  expect(ring.bytes()).toBe(70);
});

test('a ring does not keep an item larger than its capacity', () => {
  const ring = createRing<{ bytes: number }>(100);
  ring.push({ bytes: 101 });
  expect([...ring.newestFirst()]).toEqual([]);
  expect(ring.bytes()).toBe(0);
});
