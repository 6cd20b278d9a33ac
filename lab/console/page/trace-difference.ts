import type { SpanRecord } from '../api-types.ts';

/** The spans of one name in two traces. Times are milliseconds. */
export interface SpanDifference {
  service: string;
  name: string;
  left: { count: number; total: number };
  right: { count: number; total: number };
  /** How much more time they take on the right. */
  change: number;
}

/** The spans of two traces by service and name, those with the largest change of time first. */
export function differencesOf(left: readonly SpanRecord[], right: readonly SpanRecord[]): SpanDifference[] {
  const nameOf = ({ service, name }: SpanRecord) => JSON.stringify([service, name]);
  const [ofLeft, ofRight] = [Map.groupBy(left, nameOf), Map.groupBy(right, nameOf)];
  const keys = new Set([...ofLeft.keys(), ...ofRight.keys()]);
  const all = [...keys].map((key): SpanDifference => {
    const [before, after] = [ofLeft.get(key) ?? [], ofRight.get(key) ?? []];
    const { service = '', name = '' } = before[0] ?? after[0] ?? {};
    const [ofBefore, ofAfter] = [sumOf(before), sumOf(after)];
    return { service, name, left: ofBefore, right: ofAfter, change: ofAfter.total - ofBefore.total };
  });
  return all.toSorted((a, b) => Math.abs(b.change) - Math.abs(a.change));
}

function sumOf(spans: readonly SpanRecord[]): { count: number; total: number } {
  return { count: spans.length, total: spans.reduce((sum, { start, end }) => sum + end - start, 0) };
}
