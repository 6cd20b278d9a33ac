import type { LogLevels } from '../logging/log-levels.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { observeBookings } from './bookings.ts';
import { observeSettlement } from './settlement.ts';
import { observeUpstream } from './upstream.ts';

/** The probes of the domain and of its dependency. */
export function observeDomain(levels: LogLevels, metrics: Metrics) {
  return {
    bookings: observeBookings(levels.component('bookings'), metrics),
    settlement: observeSettlement(levels.component('bookings')),
    upstream: observeUpstream(levels.component('upstream'), metrics),
  };
}
