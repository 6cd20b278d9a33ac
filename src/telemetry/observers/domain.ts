import type { LogLevels } from '../logging/log-levels.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { observeOrders } from './orders.ts';
import { observePayments } from './payment.ts';

/** The probes of the domain and of its dependency. */
export function observeDomain(levels: LogLevels, metrics: Metrics) {
  return {
    payments: observePayments(levels.component('payment'), metrics),
    orders: observeOrders(levels.component('orders'), metrics),
  };
}
