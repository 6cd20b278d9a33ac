import { bookingView } from './booking.ts';
import { bookingsView } from './bookings.ts';
import { faultsView } from './faults.ts';
import type { Live } from './live.ts';
import type { CreateView } from './view.ts';

/** The views that know bookings, and the faults of what the service depends on. */
export function domainViews(live: Live): Readonly<Record<string, CreateView>> {
  return {
    bookings: (address, page) => (address.id === '' ? bookingsView : bookingView)(address, page),
    faults: faultsView(live),
  };
}
