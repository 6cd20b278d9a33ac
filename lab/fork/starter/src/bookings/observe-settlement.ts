import { levelOf } from '../errors.ts';
import { identity } from '../identity.ts';
import type { Logger } from '../telemetry/logging/logger.ts';
import { inOwnTrace } from '../telemetry/observers/own-trace.ts';
import { attributes } from './observe-bookings.ts';
import type { SettlementEvents } from './settle-bookings.ts';

/** Records rounds of the worker. Each has a trace of its own, because no request waits for it. */
export function observeSettlement(logger: Logger): SettlementEvents {
  return {
    settling({ id }, round) {
      const requestLog = { request_id: `settle-${id}`, booking_id: id };
      return inOwnTrace(`${identity.namespace}.settle_booking`, requestLog, (span) => {
        span.setAttribute(attributes.id, id);
        return round({ requestId: requestLog.request_id });
      });
    },
    settlementFailed: (error) =>
      logger[levelOf(error)]({ event: 'settlement.failed', err: error }, 'cannot settle, trying again'),
  };
}
