import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTextArena, readText, type StoredText } from './text-arena.ts';

test('an arena returns every text as it was put, while others are freed and moved', () => {
  const step = fc.oneof(
    fc.record({
      put: fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.nat({ max: 200_000 }).map((length) => '茶'.repeat(length)),
      ),
    }),
    fc.record({ free: fc.nat() }),
    fc.record({ move: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const [first, second] = [createTextArena(), createTextArena()];
      let held: Array<{ text: string; stored: StoredText; in: typeof first }> = [];
      for (const each of steps) {
        if ('put' in each) held.push({ text: each.put, stored: first.put(each.put), in: first });
        const at = held[('free' in each ? each.free : 'move' in each ? each.move : 0) % (held.length || 1)];
        if (at === undefined) continue;
        if ('free' in each) {
          at.in.free(at.stored);
          held = held.filter((other) => other !== at);
        } else if ('move' in each && at.in === first) {
          at.stored = second.take(at.stored, first);
          at.in = second;
        }
      }
      for (const { text, stored } of held) expect(readText(stored)).toBe(Buffer.from(text).toString());
    }),
    { numRuns: 50 },
  );
});

test('an arena uses the memory of freed texts again', () => {
  const arena = createTextArena();
  const text = 'x'.repeat(10_000);
  const chunks = new Set<unknown>();
  const held: StoredText[] = [];
  for (let count = 0; count < 5000; count += 1) {
    const stored = arena.put(text);
    chunks.add(stored.chunk);
    held.push(stored);
    const [oldest] = held;
    if (held.length > 100 && oldest !== undefined) {
      arena.free(oldest);
      held.shift();
    }
  }
  expect(chunks.size).toBeLessThan(10);
});
