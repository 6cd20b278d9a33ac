import { type Experiment, usualTraffic } from '../experiment.ts';

export const stdoutBlocked: Experiment = {
  name: 'stdout-blocked',
  title: 'The log is not read',
  story: 'The pipe behind stdout fills up, as it would if the log collector hangs.',
  steady: usualTraffic,
  faults: [{ kind: 'blocked_stdout' }],
  hypothesis: {
    claim:
      'Log lines wait in memory, up to 4 MiB, and are written once the pipe is read again. No request waits for them.',
    answers: { allowed: ['201', '402'], shares: { 201: 0.4 }, p99: 1000 },
    orders: { paid: 0.999, settledWithin: 10 },
    metrics: [
      { name: 'telemetry_dropped_total', labels: { signal: 'logs' }, atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'http.request', atLeast: 50 }],
    detection: {
      undetected:
        'Nothing is dropped until the 4 MiB are full, which takes longer than this fault. From then on lines are dropped and counted, and TelemetryDropped fires.',
    },
    quiet: ['TelemetryDropped', 'EventLoopSlow'],
    recoveredWithin: 5,
  },
  look: { dashboard: 'orders-telemetry', panel: 'Lost, by reason', traces: 'service.name=orders' },
};
