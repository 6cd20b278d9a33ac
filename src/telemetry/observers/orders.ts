import { levelOf } from '../../errors.ts';
import type { Order } from '../../orders/order.ts';
import type { OrderEvents } from '../../orders/order-events.ts';
import type { Logger } from '../logging/logger.ts';
import type { OrderMetrics } from '../metrics/order-metrics.ts';
import { currentRequestLog, currentRequestContext, type RequestLog } from '../request-log.ts';
import { inSpan, parseTraceparent, recordingSpan, traceparentOf } from '../tracing/tracing.ts';
import { inOwnTrace } from './own-trace.ts';

declare module '../request-log.ts' {
  interface RequestLog {
    order_id?: string;
    order_status?: string;
    idempotency?: string;
  }
}

/** Records orders as spans, business metrics and log lines. */
export function observeOrders(logger: Logger, metrics: OrderMetrics): OrderEvents {
  return {
    placing: (work) =>
      inSpan('orders.place', async (span) => {
        const placement = await work();
        const requestLog = currentRequestLog();
        if (requestLog) {
          requestLog.idempotency = placement.kind;
          // Another request placed a replayed order; its id ties the log lines of both together.
          if (placement.order) describeInLog(requestLog, placement.order);
        }
        if (span && placement.order) describeOrder(span, placement.order);
        return placement;
      }),
    traceparent() {
      const trace = currentRequestContext()?.trace;
      return trace && traceparentOf(trace);
    },
    found(orderId) {
      const requestLog = currentRequestLog();
      // Not its status: a line with one says what has become of an order, and whoever counts them must not count reads.
      if (requestLog) requestLog.order_id = orderId;
    },
    placed(order) {
      const requestLog = currentRequestLog();
      if (requestLog) describeInLog(requestLog, order);
    },
    settled(order) {
      const requestLog = currentRequestLog();
      if (requestLog) requestLog.order_status = order.status;
      metrics.orderSettled(
        order.status,
        order.currency,
        order.totalMinor,
        order.updatedAt.getTime() - order.createdAt.getTime(),
      );
      logger.debug(
        { event: 'order.settled', order_id: order.id, order_status: order.status },
        'order settled',
      );
    },
    leftPending(order, reason) {
      recordingSpan()?.addEvent('orders.order.left_pending', { 'orders.payment.reason': reason });
      logger.warn(
        { event: 'order.left_pending', order_id: order.id, reason },
        'payment undecided, order left to settlement',
      );
    },
    outcomeNotStored(order, error) {
      recordingSpan()?.addEvent('orders.order.outcome_not_stored');
      logger[levelOf(error)](
        { event: 'order.outcome_not_stored', order_id: order.id, err: error },
        'outcome of the payment not stored, order left to settlement',
      );
    },
    // Settlement may run a day later, so it has its own trace, with a link to the trace that placed the order.
    settling(leased, round) {
      const placedIn = leased.traceparent === undefined ? undefined : parseTraceparent(leased.traceparent);
      const requestLog = { request_id: `settle-${leased.order.id}`, order_id: leased.order.id };
      return inOwnTrace(
        'orders.settle',
        requestLog,
        async (span) => {
          const order = await round();
          if (span.isRecording()) {
            span.setAttributes({
              'orders.settlement.age_ms': Math.round(leased.age),
              'orders.settlement.round': leased.fencingToken,
            });
            describeOrder(span, order);
          }
          return order;
        },
        placedIn,
      );
    },
    settlementFailed(error) {
      logger[levelOf(error)](
        { event: 'settlement.failed', err: error },
        'cannot settle orders, trying again',
      );
    },
    settlementResumed() {
      logger.info({ event: 'settlement.resumed' }, 'orders are settled again');
    },
  };
}

function describeInLog(requestLog: RequestLog, order: Order): void {
  requestLog.order_id = order.id;
  requestLog.order_status = order.status;
}

function describeOrder(
  span: { setAttributes(attributes: Record<string, string | number>): unknown },
  order: Order,
): void {
  span.setAttributes({
    'orders.order.id': order.id,
    'orders.order.status': order.status,
    'orders.order.items': order.items.length,
    'orders.order.total_minor': order.totalMinor,
    'orders.order.currency': order.currency,
  });
}
