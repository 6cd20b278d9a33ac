import { SpanStatusCode } from '@opentelemetry/api';
import { identity } from '../../identity.ts';
import type { UpstreamEvents } from '../../upstream/client.ts';
import type { Logger } from '../logging/logger.ts';
import type { Instruments } from '../metrics/instruments.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { addTime, currentRequestContext, currentRequestLog } from '../request-log.ts';
import { inSpan, recordingSpan, sampledTraceId } from '../tracing/tracing.ts';
import { reportCircuit } from './circuit.ts';

/** The fields that a call adds to the canonical log line. */
declare module '../request-log.ts' {
  interface RequestLog {
    upstream_outcome?: string;
    upstream_attempts?: number;
    upstream_ms?: number;
  }
}

const names = {
  outcome: `${identity.namespace}.upstream.outcome`,
  retry: `${identity.namespace}.upstream.retry`,
  reason: `${identity.namespace}.upstream.reason`,
  attempt: `${identity.namespace}.retry.attempt`,
  delay: `${identity.namespace}.retry.delay_ms`,
};

/** Records a call in one span: its retries are events, its outcome is an attribute. */
export function observeUpstream(logger: Logger, metrics: Metrics): UpstreamEvents {
  return {
    calling: (operation, work) =>
      inSpan(`upstream.${operation}`, async (span) => {
        const outcome = await work();
        const requestLog = currentRequestLog();
        if (requestLog) requestLog.upstream_outcome = outcome.kind;
        span?.setAttribute(names.outcome, outcome.kind);
        if (outcome.kind === 'undecided' && outcome.reason !== undefined) {
          span?.setAttributes({ [names.reason]: outcome.reason, 'error.type': outcome.reason });
          span?.setStatus({ code: SpanStatusCode.ERROR, message: outcome.reason });
        }
        return outcome;
      }),
    attempting({ attempt }) {
      const requestContext = currentRequestContext();
      if (requestContext === undefined) return;
      requestContext.attempt = attempt;
      requestContext.requestLog.upstream_attempts = attempt;
    },
    attempted({ operation, outcome, duration }) {
      addTime('upstream_ms', duration);
      const reason = outcome.kind === 'undecided' ? outcome.reason : undefined;
      if (reason === 'circuit_open') return metrics.breakerCall('upstream', 'rejected');
      metrics.dependency('upstream', operation, outcome.kind, duration, sampledTraceId());
      // The breaker does not count an attempt that the deadline of its caller cut off.
      if (reason === 'deadline') return;
      metrics.breakerCall(
        'upstream',
        reason === 'timeout' ? 'timeout' : reason === undefined ? 'success' : 'failure',
      );
    },
    retrying({ operation, attempt, delay, reason }) {
      const delayMs = Math.round(delay);
      recordingSpan()?.addEvent(names.retry, {
        [names.attempt]: attempt,
        [names.delay]: delayMs,
        [names.reason]: reason,
      });
      metrics.retries('upstream', operation, 'retried');
      logger.warn({ event: 'upstream.retry', operation, attempt, delay_ms: delayMs, reason }, 'trying again');
    },
    circuitChanged: (change) => reportCircuit(logger, metrics, { breaker: 'upstream', ...change }),
  };
}

/** @param inFlight calls that have begun and not ended, which a gauge reads at scrape time */
export function observeUpstreamLoad(make: Instruments, inFlight: () => number): void {
  make.gauge({
    name: 'upstream_calls_in_flight',
    help: 'Calls to the dependency that have begun and not ended.',
    collect: (gauge) => gauge.child().set(inFlight()),
  });
}
