/** Milliseconds that the console keeps and shows. */
export const shownTime = 15 * 60_000;

/** Values per second of the last 15 minutes. */
export interface SecondBySecond {
  /** @param time milliseconds since 1970. After a clock was put back, the seconds that it repeats are replaced. */
  add(time: number, values: Readonly<Record<string, number | null>>): void;
  /** The seconds after that time, as columns. */
  since(after: number): { times: number[]; columns: Record<string, Array<number | null>> };
}

export function createSecondBySecond(): SecondBySecond {
  let rows: Array<{ time: number; values: Readonly<Record<string, number | null>> }> = [];
  return {
    add(time, values) {
      rows = rows.filter((row) => row.time > time - shownTime && row.time < time);
      rows.push({ time, values });
    },
    since(after) {
      const wanted = rows.filter(({ time }) => time > after);
      const names = new Set(wanted.flatMap(({ values }) => Object.keys(values)));
      const column = (name: string) => wanted.map(({ values }) => compact(values[name]));
      return {
        times: wanted.map(({ time }) => time),
        columns: Object.fromEntries([...names].map((name) => [name, column(name)])),
      };
    },
  };
}

/** Rounds to four digits, more than a plot can show. */
function compact(value: number | null | undefined): number | null {
  if (value === null || value === undefined || !Number.isFinite(value)) return null;
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}
