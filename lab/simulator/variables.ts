import { optional, wholeNumber } from '../../src/config/environment.ts';
import { variables } from '../../src/config/variables.ts';

/** Everything that the payment gateway simulator reads, besides the standard `OTEL_…` variables. */
export const simulatorVariables = {
  HOST: { ...variables.HOST, meaning: 'address the simulator listens on' },
  LOG_LEVEL: variables.LOG_LEVEL,
  SIMULATOR_PORT: wholeNumber(0, 65_535, {
    default: '7072',
    meaning: 'port of the payment gateway simulator',
  }),
  SIMULATOR_LEDGER_MAX: optional(
    wholeNumber(1, 10_000_000, {
      meaning: 'charges that the simulator remembers; the oldest goes first. Without it, all',
    }),
  ),
} as const;
