import type { MetricSeries } from '../api-types.ts';

/** -Infinity without a value. */
export function newestOf({ columns }: Pick<MetricSeries, 'columns'>, column: string): number {
  return columns[column]?.findLast((value) => value !== null) ?? -Infinity;
}
