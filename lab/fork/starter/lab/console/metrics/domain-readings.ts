import type { DomainTotals } from '../domain-totals.ts';
import type { Sample } from './openmetrics.ts';

/** What the overview reads of bookings. Counters are totals since the service started. */
export interface DomainReading extends DomainTotals {
  /** Calls to the dependency that have begun and not ended. */
  calls: number | null;
}

export function noDomainReading(): DomainReading {
  return { calls: null, bookings: {} };
}

export function totalsOf(reading: DomainReading | undefined): DomainTotals {
  return { bookings: reading?.bookings ?? {} };
}

/** How each metric enters a reading. */
export const domainMetrics: Readonly<Record<string, (reading: DomainReading, sample: Sample) => void>> = {
  bookings_total: ({ bookings }, { labels: { status = '' }, value }) => {
    bookings[status] = (bookings[status] ?? 0) + value;
  },
  upstream_calls_in_flight: (reading, { value }) => {
    reading.calls = value;
  },
};

/** Columns of the overview that are rates. @param rate increase per second of a total */
export function domainRates(
  rate: (total: (reading: DomainReading) => number) => number,
): Record<string, number> {
  const settled = (status: string) => rate(({ bookings }) => bookings[status] ?? 0);
  return { confirmed: settled('confirmed'), refused: settled('rejected') };
}

/** Columns of the overview that are levels. */
export function domainLevels({ calls }: DomainReading): Record<string, number | null> {
  return { calls };
}
