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
