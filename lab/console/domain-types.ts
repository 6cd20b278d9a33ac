import type { LogRecord, SpanRecord, TraceSummary, Values } from './api-types.ts';

/** What the console's server tells its page about orders. Times are milliseconds since 1970. */

export interface OrderLife {
  orderId: string;
  /** The order as the API returns it. */
  order?: { status: string; totalMinor: number; currency: string; createdAt: string; updatedAt: string };
  /** Why the API does not return it. */
  orderMissing?: string;
  /** The charge in the gateway's ledger. */
  charge?: Values;
  chargeMissing?: string;
  traces: TraceSummary[];
  spans: SpanRecord[];
  logs: LogRecord[];
}

/** The newest orders: pending ones first, each newest first. */
export interface OrderList {
  /** The database has the orders of all clients, the API those of the console's own key. */
  source: 'database' | 'api';
  orders: ListedOrder[];
  /** Why there are none. */
  unavailable?: string;
}

export interface ListedOrder {
  id: string;
  status: string;
  totalMinor: number;
  currency: string;
  /** The client whose API key placed it; null from the API, which does not say. */
  client: string | null;
  customer: string;
  createdAt: number;
  /** Milliseconds since it was placed, by the clock of its source. */
  age: number;
  /** Milliseconds from placing to settling; null while it is pending. */
  settledAfter: number | null;
  /** The gateway's code for why it was declined or refused. */
  reason: string | null;
}

/** The answer to an order that the page has placed. */
export interface PlacedOrder {
  httpStatus: number;
  /** Status of the order; empty if it was refused. */
  status: string;
  /** Empty if there is none, like the trace. */
  orderId: string;
  traceId: string;
  /** Milliseconds. */
  duration: number;
}
