import { identity } from '../../identity.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { currentRequestLog } from '../request-log.ts';
import { recordingSpan } from '../tracing/tracing.ts';

/** The span attribute with the reason of a request that is refused without a fault of its own. */
export const shedReason = `${identity.namespace}.shed.reason`;

/** Records that a client or an address is over its limit. Only the log and the span say whose requests are refused. */
export function observeRateLimits(metrics: Pick<Metrics, 'shed'>): () => void {
  const reason = 'rate_limited';
  return () => {
    metrics.shed(reason);
    recordingSpan()?.setAttribute(shedReason, reason);
    const requestLog = currentRequestLog();
    if (requestLog) requestLog.shed = reason;
  };
}
