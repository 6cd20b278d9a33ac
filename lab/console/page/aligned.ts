/** Values over times that several series share: `undefined` where another series has a point and this one has none, and null for a gap. */
export type Aligned = ReadonlyArray<number | null | undefined>;

interface Series {
  /** Milliseconds since 1970, ascending. */
  times: readonly number[];
  values: ReadonlyArray<number | null>;
}

/** Processes send at times of their own: a value that another one has at a time is no gap in the line of this one. */
export function aligned(series: readonly Series[]): { times: number[]; columns: Aligned[] } {
  const all = series.map((each) => ({ ...each, silences: silencesOf(each.times) }));
  const own = all.flatMap((each) => [...each.times, ...each.silences.map(({ from }) => from)]);
  const times = [...new Set(own)].toSorted((a, b) => a - b);
  return {
    times,
    columns: all.map(({ times: at, values, silences }) => {
      const byTime = new Map(at.map((time, index) => [time, values[index] ?? null]));
      for (const { from, to } of silences)
        for (const time of times) if (time >= from && time < to) byTime.set(time, null);
      return times.map((time) => byTime.get(time));
    }),
  };
}

/** Times its usual interval after which a series was silent. */
const silence = 3;

/** Where a series was silent: a line across would show values that nobody has measured. Each begins right after a point. */
function silencesOf(times: readonly number[]): Array<{ from: number; to: number }> {
  const lengths = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const usual = lengths.toSorted((a, b) => a - b)[Math.floor(lengths.length / 2)] ?? 0;
  return times.flatMap((time, index) => {
    const length = lengths[index] ?? 0;
    return length > silence * usual ? [{ from: time + 1, to: time + length }] : [];
  });
}

/** The value at a place, or else the one before it. */
export function valueAt(values: Aligned, place: number): number | null | undefined {
  return values[nextDefined(values, place, -1)];
}

/** Places of values that no line reaches. */
export function lonePlaces(values: Aligned): number[] {
  const isNothing = (place: number) => (values[place] ?? null) === null;
  return [...values.keys()].filter(
    (place) =>
      !isNothing(place) &&
      isNothing(nextDefined(values, place - 1, -1)) &&
      isNothing(nextDefined(values, place + 1, 1)),
  );
}

export function nextDefined(values: Aligned, place: number, step: 1 | -1): number {
  let at = place;
  while (values[at] === undefined && at >= 0 && at < values.length) at += step;
  return at;
}
