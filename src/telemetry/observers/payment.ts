import { type Span, SpanStatusCode } from '@opentelemetry/api';
import { originalCodeOf } from '../../errors.ts';
import { parseCause } from '../../payment/cause.ts';
import type {
  CancelOutcome,
  ChargeOutcome,
  PaymentEvents,
  Undecided,
} from '../../payment/payment-gateway.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { addTime, currentRequestContext, currentRequestLog } from '../request-log.ts';
import { inSpan, recordingSpan, sampledTraceId } from '../tracing/tracing.ts';
import { reportCircuit } from './circuit.ts';

declare module '../request-log.ts' {
  interface RequestLog {
    payment_outcome?: string;
    payment_attempts?: number;
    circuit_breaker?: string;
    payment_ms?: number;
  }
}

/** The span events of attempts that were not sent, by why. */
const notSent: Readonly<Partial<Record<Undecided['reason'], string>>> = {
  circuit_open: 'orders.payment.circuit_open',
  suspended: 'orders.payment.circuit_suspended',
  paused: 'orders.payment.gateway_paused',
  client_share: 'orders.payment.share_used',
  connections_busy: 'orders.payment.connections_busy',
};

/** Records a payment in one span: its retries and an open circuit are events, its outcome is an attribute. */
export function observePayments(logger: Logger, metrics: Metrics): PaymentEvents {
  return {
    calling: ({ operation }, work) =>
      inSpan(`payment.${operation}`, async (span) => {
        const outcome = await work();
        const requestLog = currentRequestLog();
        const attempts = requestLog?.payment_attempts ?? 1;
        // Only now: what is decided by the last attempt may be in doubt because of an earlier one.
        if (attempts > 1)
          metrics.retries('payment', operation, 'reason' in outcome ? 'exhausted' : 'recovered');
        if (requestLog) requestLog.payment_outcome = outcome.kind;
        span?.setAttribute('orders.payment.outcome', outcome.kind);
        span?.setAttribute('orders.payment.attempts', attempts);
        if (requestLog?.circuit_breaker !== undefined)
          span?.setAttribute('orders.circuit_breaker.state', requestLog.circuit_breaker);
        if (span) describeFailure(span, outcome);
        return outcome;
      }),
    attempting({ attempt }) {
      const requestContext = currentRequestContext();
      if (requestContext === undefined) return;
      requestContext.attempt = attempt;
      requestContext.requestLog.payment_attempts = attempt;
    },
    attempted({ operation, key, outcome, isFailure, duration, breaker, circuit }) {
      addTime('payment_ms', duration);
      const requestLog = currentRequestLog();
      if (requestLog) requestLog.circuit_breaker = circuit;
      const reason = 'reason' in outcome ? outcome.reason : undefined;
      const rejected = reason === 'circuit_open' || reason === 'suspended';
      const unsent = reason && notSent[reason];
      // The breaker sees no attempt that was not sent, and does not count one that the caller's deadline cut off.
      if (reason !== 'deadline' && (unsent === undefined || rejected)) {
        metrics.breakerCall(
          breaker,
          rejected ? 'rejected' : reason === 'timeout' ? 'timeout' : isFailure ? 'failure' : 'success',
        );
      }
      if (unsent !== undefined) recordingSpan()?.addEvent(unsent);
      else metrics.dependency('payment', operation, outcome.kind, duration, sampledTraceId());
      if (outcome.kind === 'refused') {
        logger.warn(
          { event: 'payment.refused', operation, order_id: key, refusal_code: outcome.refusalCode },
          'the gateway does not accept this request',
        );
      }
      if (reason === 'rejected' && outcome.kind === 'unavailable') {
        logger.error(
          { event: 'payment.rejected', order_id: key, err: outcome.cause },
          'the gateway refuses our requests: check its URL and credentials',
        );
      }
    },
    retrying({ operation, key, attempt, delay, outcome: { reason, cause } }) {
      const fields = { attempt, delay_ms: Math.round(delay), reason };
      recordingSpan()?.addEvent('orders.payment.retry', {
        'orders.retry.attempt': attempt,
        'orders.retry.delay_ms': fields.delay_ms,
        'orders.payment.reason': reason,
      });
      metrics.retries('payment', operation, 'retried');
      logger.warn(
        { event: 'payment.retry', operation, order_id: key, ...fields, error_code: originalCodeOf(cause) },
        'payment attempt failed, trying again',
      );
    },
    retryBudgetSpent({ operation, key, attempt }) {
      recordingSpan()?.addEvent('orders.payment.retry_budget_spent', { 'orders.retry.attempt': attempt });
      // After an earlier retry, the end of the call is counted.
      if (attempt === 1) metrics.retries('payment', operation, 'exhausted');
      logger.warn(
        { event: 'payment.retry_budget_spent', operation, order_id: key, attempt },
        'no retry: the retry budget is spent',
      );
    },
    circuitChanged: (change) => reportCircuit(logger, metrics, change),
    suspended({ breaker, cause }) {
      const { scope, value } = parseCause(cause);
      logger.warn(
        { event: 'payment.suspended', breaker, scope, ...(scope === 'client' && { client_id: value }) },
        `the gateway answers others, but not this ${scope}: its orders are left to settlement`,
      );
    },
    clientShareUsed({ client }) {
      logger.warn(
        { event: 'payment.client_share_used', client_id: client },
        'this client holds its share of the connections to the gateway: its further orders are left to settlement',
      );
    },
    paused({ duration, isShortened, learned }) {
      recordingSpan()?.addEvent('orders.payment.pause_began', {
        'orders.payment.pause_ms': Math.round(duration),
      });
      logger.warn(
        {
          event: 'payment.paused',
          pause_ms: Math.round(duration),
          // Not the figure: the gateway may write anything into the header, such as the number of a card.
          shortened: isShortened,
          learned,
        },
        'the gateway asks for a pause: orders are left to settlement until it is over',
      );
    },
    resumed() {
      logger.info({ event: 'payment.resumed' }, 'the pause that the gateway asked for is over');
    },
  };
}

function describeFailure(span: Span, outcome: ChargeOutcome | CancelOutcome): void {
  if (outcome.kind === 'refused') return failAs('refused');
  if (outcome.kind !== 'unavailable' && outcome.kind !== 'unknown') return;
  span.setAttribute('orders.payment.reason', outcome.reason);
  // The code tells what `unreachable` hides: a refused connection, an unknown host, an expired certificate.
  failAs(outcome.reason, originalCodeOf(outcome.cause));

  function failAs(reason: string, code = reason): void {
    span.setAttribute('error.type', code);
    span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
  }
}
