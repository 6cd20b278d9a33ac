import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createNumberTable } from './number-table.ts';

test('a table of numbers gives the answers of a list of rows', () => {
  const values = fc.dictionary(
    fc.constantFrom('rate', 'total', 'q0.5', 'q0.9'),
    fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
  );
  const steps = fc.array(fc.record({ wait: fc.integer({ min: 1, max: 9 }), values }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 50 }), fc.nat({ max: 400 }), (added, most, age) => {
      const table = createNumberTable();
      let rows: Array<{ time: number; values: Record<string, number | null> }> = [];
      let time = 0;
      for (const each of added) {
        time += each.wait;
        table.add(time, each.values);
        rows.push({ time, values: each.values });
        const kept = rows.slice(-most).filter((row) => row.time >= time - age);
        expect(table.trim(most, time - age)).toBe(rows.length - kept.length);
        rows = kept;
      }
      for (const after of [0, time - 5, time]) {
        const wanted = rows.filter((row) => row.time > after);
        const { times, columns } = table.since(after);
        expect(times).toEqual(wanted.map((row) => row.time));
        const names = new Set([...Object.keys(columns), ...wanted.flatMap((row) => Object.keys(row.values))]);
        for (const name of names)
          expect(columns[name]).toEqual(wanted.map((row) => row.values[name] ?? null));
      }
    }),
  );
});
