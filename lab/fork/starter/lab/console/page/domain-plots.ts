import { countScale, rateScale } from './plot-table.ts';
import type { PlotOptions } from './plot.ts';

/** What the overview shows of bookings and of the dependency, in columns of metrics/domain-readings.ts. */
export const domainPlots: readonly PlotOptions[] = [
  {
    title: 'Calls in flight',
    height: 72,
    ...countScale,
    lines: [{ column: 'calls', label: 'in flight', colour: '--violet', filled: true }],
  },
  {
    title: 'Attempts',
    height: 72,
    ...rateScale,
    lines: [
      { column: 'retries', label: 'retries', colour: '--amber' },
      { column: 'rejected', label: 'rejected by the breaker', colour: '--red' },
    ],
  },
  {
    title: 'Bookings',
    height: 104,
    ...rateScale,
    lines: [
      { column: 'confirmed', label: 'confirmed', colour: '--green', filled: true },
      { column: 'refused', label: 'rejected', colour: '--amber' },
    ],
  },
];
