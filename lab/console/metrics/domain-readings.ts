import type { DomainTotals } from '../domain-totals.ts';
import type { Sample } from './openmetrics.ts';

/** What the overview reads of orders. Counters are totals since the service started. */
export interface DomainReading extends DomainTotals {
  pending: number | null;
  /** Seconds. */
  oldest: number | null;
}

export function noDomainReading(): DomainReading {
  return { pending: null, oldest: null, orders: {}, revenue: {} };
}

export function totalsOf(reading: DomainReading | undefined): DomainTotals {
  return { revenue: reading?.revenue ?? {}, orders: reading?.orders ?? {} };
}

/** How each metric enters a reading. */
export const domainMetrics: Readonly<Record<string, (reading: DomainReading, sample: Sample) => void>> = {
  orders_pending: (reading, { value }) => {
    reading.pending = value;
  },
  orders_pending_oldest_seconds: (reading, { value }) => {
    reading.oldest = value;
  },
  orders_total: ({ orders }, { labels: { status = '' }, value }) => {
    orders[status] = (orders[status] ?? 0) + value;
  },
  order_value_minor_total: ({ revenue }, { labels: { status, currency = '' }, value }) => {
    if (status === 'paid') revenue[currency] = (revenue[currency] ?? 0) + value;
  },
};

/** Columns of the overview that are rates. @param rate increase per second of a total */
export function domainRates(
  rate: (total: (reading: DomainReading) => number) => number,
): Record<string, number> {
  const settled = (status: string) => rate(({ orders }) => orders[status] ?? 0);
  return {
    paid: settled('paid'),
    declined: settled('declined'),
    refused: settled('refused'),
    cancelled: settled('cancelled'),
  };
}

/** Columns of the overview that are levels. */
export function domainLevels({ pending, oldest }: DomainReading): Record<string, number | null> {
  return { pending, oldest };
}
