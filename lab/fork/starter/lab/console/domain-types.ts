import type { LogRecord, SpanRecord, TraceSummary } from './api-types.ts';

/** What the console's server tells its page about bookings. */

/** As the API returns it. */
export interface ListedBooking {
  id: string;
  status: string;
  reference: string;
  quantity: number;
  /** Null unless it is rejected. */
  reason: string | null;
  createdAt: string;
  updatedAt: string;
}

/** The newest bookings of the client of the console's API key. */
export interface BookingList {
  bookings: ListedBooking[];
  /** Why there are none. */
  unavailable?: string;
}

export interface BookingLife {
  booking?: ListedBooking;
  /** Why the API does not return it. */
  missing?: string;
  traces: TraceSummary[];
  spans: SpanRecord[];
  logs: LogRecord[];
}
