import type { OrderEvents } from '../orders/order-events.ts';
import type { PaymentEvents } from '../payment/payment-gateway.ts';
import type { DatabaseEvents } from '../postgres/database.ts';
import { addTime } from './http.ts';
import type { Logger } from './logger.ts';
import { currentStory } from './request-story.ts';

/** What the domain and its adapters tell, turned into log lines and into the story of the request. */

export function observeOrders(logger: Logger): OrderEvents {
  return {
    placed(order) {
      const story = currentStory();
      if (story) {
        story.order_id = order.id;
        story.order_status = order.status;
      }
    },
    settled(order) {
      const story = currentStory();
      if (story) story.order_status = order.status;
      logger.debug({ event: 'order.settled', order_id: order.id, status: order.status }, 'order settled');
    },
    leftPending(order, reason) {
      logger.warn(
        { event: 'order.left_pending', order_id: order.id, reason },
        'payment undecided, order left to settlement',
      );
    },
    outcomeNotStored(order, error) {
      logger.warn(
        { event: 'order.outcome_not_stored', order_id: order.id, err: error },
        'outcome of the payment not stored, order left to settlement',
      );
    },
    settling: (_held, round) => round(),
    settlementFailed(error) {
      logger.warn(
        { event: 'settlement.failed', err: error },
        'cannot look for orders to settle, trying again',
      );
    },
  };
}

export function observePayments(logger: Logger): PaymentEvents {
  return {
    attempted({ key, attempt, outcome, duration }) {
      addTime('payment_ms', duration);
      const story = currentStory();
      if (story) {
        story.payment_attempts = attempt;
        story.payment_outcome = outcome.kind;
      }
      if (outcome.kind === 'unavailable' && outcome.reason === 'rejected') {
        logger.error(
          { event: 'payment.rejected', order_id: key, err: outcome.cause },
          'the gateway refuses our requests: check its URL and credentials',
        );
      }
    },
    retrying({ operation, key, attempt, delay, outcome: { reason } }) {
      logger.warn(
        { event: 'payment.retry', operation, order_id: key, attempt, delay_ms: Math.round(delay), reason },
        'payment attempt failed, trying again',
      );
    },
    retryBudgetSpent({ operation, key, attempt }) {
      logger.warn(
        { event: 'payment.retry_budget_spent', operation, order_id: key, attempt },
        'no retry: the retry budget is spent',
      );
    },
    circuitChanged({ from, to }) {
      logger[to === 'open' ? 'warn' : 'info'](
        { event: 'circuit_breaker.changed', breaker: 'payment', from, to },
        `circuit breaker ${to.replace('_', '-')}`,
      );
    },
  };
}

export function observeDatabase(logger: Logger): DatabaseEvents {
  return {
    answered({ duration }) {
      addTime('db_ms', duration);
    },
    retrying({ statement, attempt, delay, code, reason }) {
      logger.warn(
        {
          event: 'postgres.retry',
          statement: statement.name,
          attempt,
          delay_ms: Math.round(delay),
          code,
          reason,
        },
        'statement failed, trying again',
      );
    },
    connectionLost(error) {
      logger.warn({ event: 'postgres.connection_lost', err: error }, 'idle connection to Postgres lost');
    },
  };
}
