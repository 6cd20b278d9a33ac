/**
 * Rows of numbers in the order of their times. Each column is one typed array: an object per row would take several times as
 * much.
 */
export interface NumberTable {
  add(time: number, values: Readonly<Record<string, number | null>>): void;
  /** Drops rows from the start while there are more than `most` or they are older. @returns how many */
  trim(most: number, oldest: number): number;
  /** The rows after this time, as columns. A value that a row does not have is null. */
  since(after: number): { times: number[]; columns: Record<string, Array<number | null>> };
  /** Size in memory. */
  bytes(): number;
}

const numberSize = 8;
/** Bytes of a typed array and of its place in the table, beside its numbers. */
const columnSize = 240;
const firstRows = 8;
const growth = 1.5;

export function createNumberTable(): NumberTable {
  let rows = firstRows;
  let start = 0;
  let end = 0;
  let times = new Float64Array(rows);
  const columns = new Map<string, Float64Array<ArrayBuffer>>();

  const emptied = () => new Float64Array(rows).fill(Number.NaN);

  /** Moves the rows to the start of arrays that have room for one more. */
  function makeRoom(): void {
    if (end - start > rows / growth) rows = Math.ceil(rows * growth);
    const moved = (from: Float64Array) => {
      const to = emptied();
      to.set(from.subarray(start, end));
      return to;
    };
    times = moved(times);
    for (const [name, column] of columns) columns.set(name, moved(column));
    end -= start;
    start = 0;
  }

  return {
    add(time, values) {
      if (end === rows) makeRoom();
      times[end] = time;
      for (const name in values) {
        let column = columns.get(name);
        if (column === undefined) {
          column = emptied();
          columns.set(name, column);
        }
        column[end] = values[name] ?? Number.NaN;
      }
      end += 1;
    },
    trim(most, oldest) {
      const before = start;
      while (end - start > most || (start < end && (times[start] ?? oldest) < oldest)) start += 1;
      return start - before;
    },
    since(after) {
      let first = start;
      while (first < end && (times[first] ?? 0) <= after) first += 1;
      const numbers = [...columns].map(([name, column]): [string, Array<number | null>] => [
        name,
        Array.from(column.subarray(first, end), (value) => (Number.isNaN(value) ? null : value)),
      ]);
      return { times: [...times.subarray(first, end)], columns: Object.fromEntries(numbers) };
    },
    bytes: () => (1 + columns.size) * (columnSize + rows * numberSize),
  };
}
