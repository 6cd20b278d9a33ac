import { expect, test } from 'vitest';
import { createFaultWindows } from './fault-windows.ts';

test('simultaneous faults of two kinds share one window, and a change starts a new one', () => {
  const windows = createFaultWindows();
  const gateway = windows.source();
  const network = windows.source();
  gateway(undefined, 1000);
  network('Postgres unreachable', 2000);
  network('Postgres unreachable', 3000);
  gateway('Gateway down', 4000);
  network(undefined, 5000);
  gateway(undefined, 6000);
  expect(windows.all()).toEqual([
    { from: 2000, to: 4000, label: 'Postgres unreachable' },
    { from: 4000, to: 5000, label: 'Gateway down and Postgres unreachable' },
    { from: 5000, to: 6000, label: 'Gateway down' },
  ]);
});
