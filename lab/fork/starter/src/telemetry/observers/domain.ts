import { SpanStatusCode } from '@opentelemetry/api';
import type { BookingEvents } from '../../bookings/create-booking.ts';
import { identity } from '../../identity.ts';
import type { UpstreamEvents } from '../../upstream/upstream.ts';
import type { LogLevels } from '../logging/log-levels.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { addTime, currentRequestLog } from '../request-log.ts';
import { inSpan, recordingSpan, sampledTraceId } from '../tracing/tracing.ts';

/** The probes of the domain and of its dependency. */
export function observeDomain(levels: LogLevels, metrics: Metrics) {
  return {
    bookings: observeBookings(levels.component('bookings'), metrics),
    upstream: observeUpstream(levels.component('upstream'), metrics),
  };
}

const names = {
  create: `${identity.namespace}.create_booking`,
  id: `${identity.namespace}.booking.id`,
  status: `${identity.namespace}.booking.status`,
  outcome: `${identity.namespace}.upstream.outcome`,
  retry: `${identity.namespace}.upstream.retry`,
  reason: `${identity.namespace}.upstream.reason`,
  attempt: `${identity.namespace}.retry.attempt`,
  delay: `${identity.namespace}.retry.delay_ms`,
};

/** Records bookings as spans, metrics and log lines. */
function observeBookings(logger: Logger, metrics: Metrics): BookingEvents {
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
    settled(booking) {
      metrics.bookingSettled(booking.status, booking.updatedAt.getTime() - booking.createdAt.getTime());
      logger.debug(
        { event: 'booking.settled', booking_id: booking.id, booking_status: booking.status },
        'booking settled',
      );
    },
    leftPending(booking, reason) {
      logger.warn(
        { event: 'booking.left_pending', booking_id: booking.id, reason },
        'booking undecided: a repeat of the request asks again',
      );
    },
  };
}

/** Records a call in one span: its retries are events, its outcome is an attribute. */
function observeUpstream(logger: Logger, metrics: Metrics): UpstreamEvents {
  return {
    calling: (work) =>
      inSpan('upstream.confirm', async (span) => {
        const outcome = await work();
        const requestLog = currentRequestLog();
        if (requestLog) requestLog.upstream_outcome = outcome.kind;
        span?.setAttribute(names.outcome, outcome.kind);
        if (outcome.kind === 'undecided') {
          span?.setAttributes({ [names.reason]: outcome.reason, 'error.type': outcome.reason });
          span?.setStatus({ code: SpanStatusCode.ERROR, message: outcome.reason });
        }
        return outcome;
      }),
    attempting({ attempt }) {
      const requestLog = currentRequestLog();
      if (requestLog) requestLog.upstream_attempts = attempt;
    },
    attempted({ outcome, duration }) {
      addTime('upstream_ms', duration);
      const reason = outcome.kind === 'undecided' ? outcome.reason : undefined;
      if (reason === 'circuit_open') metrics.breakerCall('upstream', 'rejected');
      else {
        metrics.breakerCall(
          'upstream',
          reason === 'timeout' ? 'timeout' : reason === undefined ? 'success' : 'failure',
        );
        metrics.dependency('upstream', 'confirm', outcome.kind, duration, sampledTraceId());
      }
    },
    retrying({ attempt, delay, reason }) {
      const delayMs = Math.round(delay);
      recordingSpan()?.addEvent(names.retry, {
        [names.attempt]: attempt,
        [names.delay]: delayMs,
        [names.reason]: reason,
      });
      metrics.retries('upstream', 'confirm', 'retried');
      logger.warn({ event: 'upstream.retry', attempt, delay_ms: delayMs, reason }, 'trying again');
    },
    circuitChanged({ from, to }) {
      metrics.breakerChanged('upstream', from, to);
      logger[to === 'open' ? 'warn' : 'info'](
        { event: 'circuit_breaker.changed', breaker: 'upstream', from, to },
        `circuit breaker ${to.replace('_', '-')}`,
      );
    },
  };
}
