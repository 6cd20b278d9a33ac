import { countScale, rateScale } from './plot-table.ts';
import type { Line, PlotOptions } from './plot.ts';

/** What the overview and the tours show of orders and of payment, in columns of metrics/domain-readings.ts. */

/** What becomes of attempts to charge. */
const attemptLines: readonly Line[] = [
  { column: 'retries', label: 'retries', colour: '--amber' },
  { column: 'rejected', label: 'rejected', colour: '--red' },
];

const pendingLines: readonly Line[] = [
  { column: 'pending', label: 'pending', colour: '--violet', filled: true },
];

export const attempts: PlotOptions = {
  title: 'Payment attempts',
  height: 72,
  ...rateScale,
  lines: attemptLines,
};

export const pending: PlotOptions = {
  title: 'Pending orders',
  height: 72,
  ...countScale,
  lines: pendingLines,
};

export const domainPlots: readonly PlotOptions[] = [
  attempts,
  pending,
  {
    title: 'Orders',
    height: 104,
    ...rateScale,
    lines: [
      { column: 'paid', label: 'paid', colour: '--green', filled: true },
      { column: 'declined', label: 'declined', colour: '--amber' },
      { column: 'refused', label: 'refused', colour: '--red' },
      { column: 'cancelled', label: 'cancelled', colour: '--grey' },
    ],
  },
];
