import { levelOf } from '../errors.ts';
import { identity } from '../identity.ts';
import type { Logger } from '../telemetry/logging/logger.ts';
import { currentRequestLog } from '../telemetry/request-log.ts';
import { inSpan } from '../telemetry/tracing/tracing.ts';
import type { BookingMetrics } from './booking-metrics.ts';
import type { BookingEvents } from './create-booking.ts';

/** The fields that bookings add to the canonical log line. */
declare module '../telemetry/request-log.ts' {
  interface RequestLog {
    booking_id?: string;
    booking_status?: string;
    idempotency?: string;
  }
}

export const attributes = {
  id: `${identity.namespace}.booking.id`,
  status: `${identity.namespace}.booking.status`,
  idempotency: `${identity.namespace}.idempotency.result`,
};

/** Records bookings as spans, metrics and log lines. */
export function observeBookings(logger: Logger, metrics: BookingMetrics): BookingEvents {
  return {
    creating: (work) =>
      inSpan(`${identity.namespace}.create_booking`, async (span) => {
        const creation = await work();
        const requestLog = currentRequestLog();
        if (requestLog) requestLog.idempotency = creation.kind;
        if (creation.booking === undefined) return creation;
        const { id, status } = creation.booking;
        if (requestLog) Object.assign(requestLog, { booking_id: id, booking_status: status });
        span?.setAttributes({ [attributes.id]: id, [attributes.status]: status });
        return creation;
      }),
    settled({ id, status, createdAt, updatedAt }) {
      metrics.bookingSettled(status, updatedAt.getTime() - createdAt.getTime());
      logger.debug({ event: 'booking.settled', booking_id: id, booking_status: status }, 'booking settled');
    },
    leftPending({ id }, reason) {
      logger.warn({ event: 'booking.left_pending', booking_id: id, reason }, 'booking undecided');
    },
    outcomeNotStored: ({ id }, err) =>
      logger[levelOf(err)]({ event: 'booking.outcome_not_stored', booking_id: id, err }, 'cannot be stored'),
  };
}
