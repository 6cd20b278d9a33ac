import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRing } from './ring.ts';

const sizeOf = ({ bytes }: { bytes: number }) => bytes;

test('a ring keeps the newest items within its capacity', () => {
  const items = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 3000 });
  fc.assert(
    fc.property(items, fc.integer({ min: 400, max: 5000 }), (sizes, capacity) => {
      const evicted: number[] = [];
      const ring = createRing<{ bytes: number; number: number }>({
        capacity,
        sizeOf,
        onEvict: ({ number }) => evicted.push(number),
      });
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
  const ring = createRing<{ bytes: number; name: string }>({ capacity: 100, sizeOf });
  const [first, second] = [
    { name: 'first', bytes: 40 },
    { name: 'second', bytes: 40 },
  ];
  ring.push(first);
  ring.push(second);
  second.bytes += 30;
  ring.grew(30);
  expect([...ring.newestFirst()]).toEqual([{ name: 'second', bytes: 70 }]);
  expect(ring.bytes()).toBe(70);
});

test('a ring does not keep an item larger than its capacity', () => {
  const ring = createRing<{ bytes: number }>({ capacity: 100, sizeOf });
  ring.push({ bytes: 101 });
  expect([...ring.newestFirst()]).toEqual([]);
  expect(ring.bytes()).toBe(0);
});

test('what is held beside the items counts against the capacity, until their eviction gives it back', () => {
  let beside = 90;
  const ring = createRing<{ bytes: number; name: string }>({
    capacity: 100,
    sizeOf,
    slack: () => beside,
    onEvict({ name }) {
      if (name === 'second') beside = 0;
    },
  });
  ring.push({ name: 'first', bytes: 10 });
  expect(ring.bytes()).toBe(100);
  ring.push({ name: 'second', bytes: 10 });
  ring.push({ name: 'third', bytes: 10 });
  expect([...ring.newestFirst()]).toEqual([{ name: 'third', bytes: 10 }]);
  expect(ring.bytes()).toBe(10);
});
