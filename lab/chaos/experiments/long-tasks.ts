import { type Experiment, usualTraffic } from '../experiment.ts';

export const longTasks: Experiment = {
  name: 'long-tasks',
  title: 'A defect blocks the event loop',
  story:
    'A synchronous function takes 200 ms of every 400, as a slow regular expression or a huge array would.',
  surroundings: { evidence: true },
  steady: usualTraffic,
  faults: [{ kind: 'long_tasks', length: 200, every: 400 }],
  // After the alert the evidence is taken while the fault lasts.
  seconds: 28,
  hypothesis: {
    claim:
      'Orders wait for the task and are paid; those that the event loop guard refuses are sent again. The alert goes through Alertmanager to the evidence receiver, which takes one CPU profile of the replica. It names the function, before anybody has looked. The log level rises for five minutes, and the pager gets the links.',
    answers: { allowed: ['201', '402', '429 overloaded'], p99: 2000 },
    orders: { paid: 0.999, settledWithin: 15 },
    metrics: [{ name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 }],
    logs: [],
    detection: [{ alert: 'EventLoopSlow', withinMinutes: 12 }],
    captured: [{ alert: 'EventLoopSlow', kind: 'cpu', hottest: 'blockEventLoop' }],
    recoveredWithin: 10,
  },
  look: { dashboard: 'orders-saturation', panel: 'Event loop delay', traces: 'service.name=orders' },
};
