import { SpanKind } from '@opentelemetry/api';
import type { SettlementEvents } from '../../bookings/settle-bookings.ts';
import { identity } from '../../identity.ts';
import type { Logger } from '../logging/logger.ts';
import { runInRequest } from '../request-log.ts';
import { startTrace, validContext, withSpan } from '../tracing/tracing.ts';

const names = { settle: `${identity.namespace}.settle_booking`, id: `${identity.namespace}.booking.id` };

/** Records rounds of the worker. Each has a trace of its own, because no request waits for it. */
export function observeSettlement(logger: Logger): SettlementEvents {
  return {
    settling(booking, round) {
      const span = startTrace(names.settle, { kind: SpanKind.CONSUMER, root: true });
      span.setAttribute(names.id, booking.id);
      const requestLog = { request_id: `settle-${booking.id}`, booking_id: booking.id };
      return runInRequest({ requestLog, trace: validContext(span) }, () =>
        withSpan(span, () => round(requestLog.request_id)),
      );
    },
    settlementFailed: (error) =>
      logger.warn({ event: 'settlement.failed', err: error }, 'cannot settle, trying again'),
  };
}
