import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRecordArena, type Place } from './record-arena.ts';

test('an arena returns every record as it was put, while others are freed and moved', () => {
  const step = fc.oneof(
    fc.record({
      put: fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.nat({ max: 200_000 }).map((length) => '茶'.repeat(length)),
      ),
      numbers: fc.tuple(fc.double(), fc.maxSafeInteger()),
    }),
    fc.record({ free: fc.nat() }),
    fc.record({ move: fc.nat() }),
  );
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 0, max: 50_000_000 }),
      (steps, capacity) => {
        const create = () => createRecordArena({ numbers: 2, capacity });
        const [first, second] = [create(), create()];
        let held: Array<{ text: string; numbers: readonly number[]; place: Place; in: typeof first }> = [];
        for (const each of steps) {
          if ('put' in each) {
            const place = first.put(each.put);
            for (const [index, value] of each.numbers.entries()) first.setNumber(place, index, value);
            held.push({ text: each.put, numbers: each.numbers, place, in: first });
          }
          const at = held[('free' in each ? each.free : 'move' in each ? each.move : 0) % (held.length || 1)];
          if (at === undefined) continue;
          if ('free' in each) {
            at.in.free(at.place);
            held = held.filter((other) => other !== at);
          } else if ('move' in each && at.in === first) {
            at.place = second.take(at.place, first);
            at.in = second;
          }
        }
        for (const { text, numbers, place, in: arena } of held) {
          expect(arena.text(place)).toBe(Buffer.from(text).toString());
          expect([arena.number(place, 0), arena.number(place, 1)]).toEqual(numbers);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('an arena that is used like a queue holds little more than its records', () => {
  const arena = createRecordArena({ numbers: 1, capacity: 1_000_000 });
  const held: Place[] = [];
  let [bytes, most] = [0, 0];
  for (let count = 0; count < 20_000; count += 1) {
    const place = arena.put('x'.repeat(count % 3000));
    held.push(place);
    bytes += arena.size(place);
    while (bytes > 900_000) {
      const oldest = held.shift() ?? 0;
      bytes -= arena.size(oldest);
      arena.free(oldest);
    }
    most = Math.max(most, arena.slack());
  }
  expect(most).toBeLessThan(150_000);
});
