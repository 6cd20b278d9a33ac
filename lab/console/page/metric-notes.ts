import type { MetricList, MetricPoints, MetricSummary } from '../api-types.ts';
import { count, dated, numberOf } from './format.ts';
import type { Range } from './range.ts';

/** What a reader of a metric does not see, in sentences. */
export function notesOf(
  about: Pick<MetricSummary, 'kind' | 'series' | 'refused'>,
  {
    series,
    skipped,
    drawn,
    times,
    range,
  }: Pick<MetricPoints, 'series' | 'skipped'> & { drawn: number; times: readonly number[]; range: Range },
): string {
  const rest = about.kind === 'histogram' ? 'the table and the heat map' : 'the table';
  const sentences = [
    series.length > drawn
      ? `The plot has the ${drawn} largest of ${series.length + skipped} series${skipped > 0 ? `, and ${rest} the ${series.length} largest` : ''}.`
      : '',
    about.refused > 0
      ? `The console keeps ${count(about.series)} series of this metric: ${wereLeftOut(about.refused, 'point', ' of others')}.`
      : '',
    elsewhere(times, range),
  ];
  return sentences.filter((each) => each !== '').join(' ');
}

/** What the memory of the console has no room for. */
export function shortage({ series }: MetricList['dropped']): string {
  return series === 0 ? '' : `The memory for metrics is full: ${wereLeftOut(series, 'series', '')}.`;
}

function wereLeftOut(number: number, noun: string, of: string): string {
  const amount = noun === 'series' ? `${count(number)} series` : numberOf(number, noun);
  return `${amount}${of} ${number === 1 ? 'was' : 'were'} left out`;
}

/** Why the plot is empty although there are values: the clock of a sender may be wrong, and a sender may have stopped. */
function elsewhere(times: readonly number[], { from, to }: Range): string {
  const last = times.at(-1);
  if (last === undefined || times.some((time) => time >= from && time <= to)) return '';
  return `No point is of the time that is shown: the newest one is of ${dated(last)}.`;
}
