import type { MetricSeries, MetricSummary } from '../api-types.ts';
import { newestOf } from './newest.ts';

/** What the values of a metric are, as far as it says; `date` for Unix times in seconds. */
export type Meaning = 'number' | 'seconds' | 'date';

/** No duration is that long. */
const longest = 1e9;

export function meaningOf(
  { name, unit, kind }: Pick<MetricSummary, 'name' | 'unit' | 'kind'>,
  series: ReadonlyArray<Pick<MetricSeries, 'columns'>>,
): Meaning {
  if (unit !== 's' && !name.includes('_seconds')) return 'number';
  const isAmount = kind === 'gauge' || kind === 'updown';
  const isDate =
    name.endsWith('_timestamp_seconds') || series.some((each) => newestOf(each, 'value') > longest);
  return isAmount && isDate ? 'date' : 'seconds';
}
