import { identity } from '../identity.ts';

/** The fields that the domain adds to the canonical log line, under the names that they have in the log. */
export interface DomainFields {
  booking_id?: string;
  booking_status?: string;
  idempotency?: string;
  upstream_outcome?: string;
  upstream_attempts?: number;
  upstream_ms?: number;
}

/** Those that are sums of milliseconds. */
export type DomainTimes = 'upstream_ms';

const names = {
  booking: `${identity.namespace}.booking.id`,
  idempotency: `${identity.namespace}.idempotency.result`,
};

/** Adds to the span of a request what the domain knows of it once it is handled. */
export function describeDomain(
  span: { setAttribute(name: string, value: string): unknown },
  { booking_id: bookingId, idempotency }: DomainFields,
): void {
  if (bookingId) span.setAttribute(names.booking, bookingId);
  if (idempotency) span.setAttribute(names.idempotency, idempotency);
}

/** The number of the attempt at a dependency that the request makes at the moment; 1 for the first. */
export function attemptOf({ upstream_attempts: attempt = 1 }: DomainFields): number {
  return attempt;
}
