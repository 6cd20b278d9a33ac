import { SpanStatusCode } from '@opentelemetry/api';
import type { PaymentEvents } from '../../payment/payment-gateway.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { addTime, currentRequestLog } from '../request-log.ts';
import { inSpan, recordingSpan, sampledTraceId } from '../tracing/tracing.ts';

/** Records a payment in one span: its retries and an open circuit are events, its outcome is an attribute. */
export function observePayments(logger: Logger, metrics: Metrics): PaymentEvents {
  return {
    calling: ({ operation }, work) =>
      inSpan(`payment.${operation}`, async (span) => {
        const outcome = await work();
        const requestLog = currentRequestLog();
        if (requestLog) requestLog.payment_outcome = outcome.kind;
        span?.setAttribute('payment.outcome', outcome.kind);
        span?.setAttribute('payment.attempts', requestLog?.payment_attempts ?? 1);
        if (requestLog?.circuit_breaker !== undefined)
          span?.setAttribute('circuit_breaker.state', requestLog.circuit_breaker);
        if (outcome.kind === 'unavailable' || outcome.kind === 'unknown') {
          span?.setAttribute('error.type', outcome.reason);
          span?.setStatus({ code: SpanStatusCode.ERROR, message: outcome.reason });
        }
        return outcome;
      }),
    attempting({ attempt }) {
      const requestLog = currentRequestLog();
      if (requestLog) requestLog.payment_attempts = attempt;
    },
    attempted({ operation, key, attempt, outcome, duration, circuit }) {
      addTime('payment_ms', duration);
      const requestLog = currentRequestLog();
      if (requestLog) requestLog.circuit_breaker = circuit;
      const reason = 'reason' in outcome ? outcome.reason : undefined;
      const rejected = reason === 'circuit_open';
      // The breaker does not count an attempt that the caller's deadline cut off.
      if (reason !== 'deadline') {
        metrics.breakerCall(
          'payment',
          rejected ? 'rejected' : reason === 'timeout' ? 'timeout' : reason ? 'failure' : 'success',
        );
      }
      if (rejected) recordingSpan()?.addEvent('circuit_open');
      else metrics.dependency('payment', operation, outcome.kind, duration, sampledTraceId());
      if (attempt > 1 && reason === undefined) metrics.retries('payment', operation, 'recovered');
      if (reason === 'rejected' && outcome.kind === 'unavailable') {
        logger.error(
          { event: 'payment.rejected', order_id: key, err: outcome.cause },
          'the gateway refuses our requests: check its URL and credentials',
        );
      }
    },
    retrying({ operation, key, attempt, delay, outcome: { reason, cause } }) {
      const fields = { attempt, delay_ms: Math.round(delay), reason };
      recordingSpan()?.addEvent('retry', fields);
      metrics.retries('payment', operation, 'retried');
      logger.warn(
        { event: 'payment.retry', operation, order_id: key, ...fields, error_code: codeOf(cause) },
        'payment attempt failed, trying again',
      );
    },
    retryBudgetSpent({ operation, key, attempt }) {
      recordingSpan()?.addEvent('retry_budget_spent', { attempt });
      metrics.retries('payment', operation, 'exhausted');
      logger.warn(
        { event: 'payment.retry_budget_spent', operation, order_id: key, attempt },
        'no retry: the retry budget is spent',
      );
    },
    circuitChanged({ from, to }) {
      metrics.breakerChanged('payment', from, to);
      logger[to === 'open' ? 'warn' : 'info'](
        { event: 'circuit_breaker.changed', breaker: 'payment', from, to },
        `circuit breaker ${to.replace('_', '-')}`,
      );
    },
  };
}

/** Tells what a reason such as `unreachable` hides: a refused connection, an unknown host, an expired certificate. */
function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}
