import { type Experiment, usualTraffic } from '../experiment.ts';

export const poisonOrders: Experiment = {
  name: 'poison-orders',
  title: 'One client places orders that the gateway never answers or refuses',
  story:
    'Twelve a second beside the usual orders of others. Half of them are never answered, half are refused.',
  steady: usualTraffic,
  faults: [{ kind: 'poison_orders', perSecond: 12 }],
  hypothesis: {
    claim:
      'Other clients notice nothing: their orders are paid or declined at once, and the circuit never opens for them. The refused orders are settled as refused, and those without an answer hold up no others.',
    answers: {
      allowed: ['201', '202', '402'],
      shares: { 201: 0.5 },
      p99: 1500,
      others: { 202: 50 },
    },
    orders: { paid: 0.999, settledWithin: 30 },
    metrics: [
      { name: 'circuit_breaker_transitions_total', labels: { breaker: 'payment', to: 'open' }, atMost: 0 },
      { name: 'orders_total', labels: { status: 'refused' }, atLeast: 10 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'payment.refused', atLeast: 10 }],
    trace: {
      root: 'POST /orders',
      spans: { 'payment.charge': 1, 'POST /charges': 1 },
      attributes: { 'error.type': 'refused', 'orders.order.status': 'pending' },
    },
    detection: {
      undetected:
        'Only the client that places them is affected. `payment_suspended` and the log events `payment.suspended` and `payment.refused` name the card or the client.',
    },
    quiet: ['CircuitBreakerOpen'],
    recoveredWithin: 10,
  },
  look: {
    dashboard: 'orders-dependencies',
    panel: 'Attempts by what the breaker saw',
    traces: 'error.type=refused',
  },
};
