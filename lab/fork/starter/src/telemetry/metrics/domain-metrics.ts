import type { Instruments } from './instruments.ts';

/**
 * Breakers and caches that an alert watches. It compares with the value before the first event, so their series exist from
 * the start.
 */
export const watched = { breakers: ['upstream'], caches: [] } as const;

/** The figures of the business. */
export interface DomainMetrics {
  /** @param duration milliseconds from creating the booking to settling it */
  bookingSettled(status: string, duration: number): void;
}

/** Seconds. */
const settlementBuckets = [0.05, 0.1, 0.3, 1, 3, 10, 30, 60, 300, 3600];

export function createDomainMetrics(make: Instruments): DomainMetrics {
  const settled = make.counter({
    name: 'bookings_total',
    help: 'Bookings settled.',
    labels: ['status'],
  });
  const duration = make.histogram({
    name: 'booking_settlement_duration_seconds',
    help: 'Time from creating a booking to settling it.',
    labels: ['status'],
    buckets: settlementBuckets,
  });
  for (const status of ['confirmed', 'rejected']) settled.child(status);

  return {
    bookingSettled(status, milliseconds) {
      settled.child(status).increment();
      duration.child(status).observe(milliseconds / 1000);
    },
  };
}

/** State of the domain that gauges read at scrape time. */
export interface DomainGaugeSources {
  /** Calls to the dependency that have begun and not ended. */
  upstreamCalls(): number;
}

export function registerDomainGauges(make: Instruments, { upstreamCalls }: DomainGaugeSources): void {
  make.gauge({
    name: 'upstream_calls_in_flight',
    help: 'Calls to the dependency that have begun and not ended.',
    collect: (gauge) => gauge.child().set(upstreamCalls()),
  });
}
