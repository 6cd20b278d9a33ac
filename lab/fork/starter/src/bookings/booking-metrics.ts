import type { Instruments } from '../telemetry/metrics/instruments.ts';

/** The figures of the business. */
export interface BookingMetrics {
  /** @param duration milliseconds from creating the booking to settling it */
  bookingSettled(status: string, duration: number): void;
}

export function createBookingMetrics(make: Instruments): BookingMetrics {
  const settled = make.counter({ name: 'bookings_total', help: 'Bookings settled.', labels: ['status'] });
  const settlementDuration = make.histogram({
    name: 'booking_settlement_duration_seconds',
    help: 'Time from creating a booking to settling it.',
    labels: ['status'],
    buckets: [0.05, 0.1, 0.3, 1, 3, 10, 30, 60, 300, 3600],
  });
  for (const status of ['confirmed', 'rejected']) settled.child(status);

  return {
    bookingSettled(status, duration) {
      settled.child(status).increment();
      settlementDuration.child(status).observe(duration / 1000);
    },
  };
}
