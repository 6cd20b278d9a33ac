import type { BookingEvents } from '../../bookings/create-booking.ts';
import { identity } from '../../identity.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { currentRequestLog } from '../request-log.ts';
import { inSpan } from '../tracing/tracing.ts';

const names = {
  create: `${identity.namespace}.create_booking`,
  id: `${identity.namespace}.booking.id`,
  status: `${identity.namespace}.booking.status`,
};

/** Records bookings as spans, metrics and log lines. */
export function observeBookings(logger: Logger, metrics: Metrics): BookingEvents {
  return {
    creating: (work) =>
      inSpan(names.create, async (span) => {
        const creation = await work();
        const requestLog = currentRequestLog();
        if (requestLog) requestLog.idempotency = creation.kind;
        if (creation.booking === undefined) return creation;
        const { id, status } = creation.booking;
        if (requestLog) Object.assign(requestLog, { booking_id: id, booking_status: status });
        span?.setAttributes({ [names.id]: id, [names.status]: status });
        return creation;
      }),
    settled({ id, status, createdAt, updatedAt }) {
      metrics.bookingSettled(status, updatedAt.getTime() - createdAt.getTime());
      logger.debug({ event: 'booking.settled', booking_id: id, booking_status: status }, 'booking settled');
    },
    leftPending({ id }, reason) {
      logger.warn({ event: 'booking.left_pending', booking_id: id, reason }, 'booking undecided');
    },
  };
}
