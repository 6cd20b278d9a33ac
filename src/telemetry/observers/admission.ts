import { identity } from '../../identity.ts';
import { outsideRequests } from '../../async-context.ts';
import type { AdmissionEvents } from '../../admission/admission-events.ts';
import type { ShedReason } from '../../admission/concurrency-limiter.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { currentRequestLog } from '../request-log.ts';
import { recordingSpan } from '../tracing/tracing.ts';
import { shedReason } from './rate-limits.ts';

const names = {
  event: `${identity.namespace}.request.shed`,
  reason: shedReason,
  priority: `${identity.namespace}.shed.priority`,
};

/** Milliseconds. */
const windowLength = 1000;
/** Shed requests per window that keep their own log line. All lines would cost CPU, which overload makes scarce. */
const linesPerWindow = 20;

/**
 * Records shed requests as counts, span events and log lines: a few requests keep their own line, one line per window
 * counts the others, and one more says when load shedding ends.
 */
export function observeAdmission(logger: Logger, metrics: Metrics): AdmissionEvents {
  let shed = new Map<ShedReason, number>();
  let lines = 0;
  let suppressed = 0;
  let timer: NodeJS.Timeout | undefined;

  function closeWindow(): void {
    if (shed.size === 0) {
      clearInterval(timer);
      timer = undefined;
      logger.info({ event: 'admission.recovered' }, 'requests are no longer shed');
      return;
    }
    logger.warn(
      { event: 'admission.shedding', requests_shed: Object.fromEntries(shed), lines_suppressed: suppressed },
      'requests are being shed',
    );
    shed = new Map();
    lines = 0;
    suppressed = 0;
  }

  function count(reason: ShedReason): void {
    metrics.shed(reason);
    shed.set(reason, (shed.get(reason) ?? 0) + 1);
    timer ??= outsideRequests(() => setInterval(closeWindow, windowLength).unref());
  }

  return {
    shedEarly({ reason, method, route }) {
      if (lines < linesPerWindow) return false;
      count(reason);
      suppressed += 1;
      metrics.requestStarted(method);
      metrics.requestEnded({ method, route, status: 429 }, 0);
      return true;
    },
    shed({ reason, priority }) {
      count(reason);
      recordingSpan()
        ?.setAttribute(names.reason, reason)
        .addEvent(names.event, { [names.reason]: reason, [names.priority]: priority });
      const requestLog = currentRequestLog();
      if (requestLog === undefined) return;
      requestLog.shed = reason;
      lines += 1;
      if (lines <= linesPerWindow) return;
      suppressed += 1;
      requestLog.unlogged = true;
    },
  };
}
