import type { Instruments } from './instruments.ts';

/** The figures of the business: how many orders are settled, of what value, and how soon. */
export interface OrderMetrics {
  /** @param duration milliseconds from placing the order to settling it */
  orderSettled(status: string, currency: string, totalMinor: number, duration: number): void;
}

/** Seconds. The objective is 5 minutes, the deadline a day. */
export const settlementBuckets: readonly number[] = [
  0.05, 0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 3600, 86_400,
];

export function createOrderMetrics(make: Instruments): OrderMetrics {
  const orders = make.counter({
    name: 'orders_total',
    help: 'Orders settled.',
    labels: ['status', 'currency'],
  });
  const orderValue = make.counter({
    name: 'order_value_minor_total',
    help: 'Value of the orders settled, in minor units of their currency.',
    labels: ['status', 'currency'],
  });
  const settlementDuration = make.histogram({
    name: 'order_settlement_duration_seconds',
    help: 'Time from placing an order to settling it.',
    labels: ['outcome'],
    buckets: settlementBuckets,
  });

  return {
    orderSettled(status, currency, totalMinor, duration) {
      orders.child(status, currency).increment();
      orderValue.child(status, currency).increment(totalMinor);
      settlementDuration.child(status).observe(duration / 1000);
    },
  };
}

/** State of orders and payments that gauges read at scrape time. */
export interface OrderGaugeSources {
  /** As of the last count, if this replica can count. `age` is that of the oldest pending order, in milliseconds. */
  backlog(): { pending: number; age: number | undefined } | undefined;
  /** Cards and clients for whose orders alone a circuit is open. */
  suspended(): Record<string, number>;
  /** Milliseconds that are left of the pause that the gateway asked for; 0 outside of one. */
  pausedFor(): number;
}

export function registerOrderGauges(
  make: Instruments,
  { backlog, suspended, pausedFor }: OrderGaugeSources,
): void {
  make.gauge({
    name: 'orders_pending',
    help: 'Orders that their request left pending, as of the last count.',
    collect: (gauge) => gauge.child().set(backlog()?.pending),
  });
  make.gauge({
    name: 'orders_pending_oldest_seconds',
    help: 'Age of the oldest pending order.',
    collect(gauge) {
      const counted = backlog();
      gauge.child().set(counted && (counted.age ?? 0) / 1000);
    },
  });
  make.gauge({
    name: 'payment_suspended',
    help: 'Cards and clients for whose orders alone the circuit to the payment gateway is open.',
    labels: ['scope'],
    collect(gauge) {
      for (const [scope, count] of Object.entries(suspended())) gauge.child(scope).set(count);
    },
  });
  make.gauge({
    name: 'payment_pause_seconds',
    help: 'Time left of the pause that the payment gateway asked for with Retry-After; 0 outside of one.',
    collect: (gauge) => gauge.child().set(pausedFor() / 1000),
  });
}
