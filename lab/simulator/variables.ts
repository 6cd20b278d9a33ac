import { hostNames, optional, wholeNumber } from '../../src/config/environment.ts';
import { variables } from '../../src/config/variables.ts';

/** Every variable that the payment gateway simulator reads, besides the standard `OTEL_…` ones. */
export const simulatorVariables = {
  HOST: { ...variables.HOST, meaning: 'address that the simulator listens on' },
  LOG_LEVEL: {
    ...variables.LOG_LEVEL,
    meaning: 'least severe level that is logged; the simulator has no components',
  },
  SIMULATOR_PORT: wholeNumber(0, 65_535, {
    default: '7072',
    meaning: 'port of the payment gateway simulator; 0 picks a free one',
  }),
  SIMULATOR_ALLOWED_HOSTS: optional(
    hostNames({
      meaning:
        'names under which the simulator answers, comma-separated, such as `simulator` or `*.example.org`; IP addresses and `localhost` need none',
    }),
  ),
  SIMULATOR_LEDGER_MAX: optional(
    wholeNumber(1, 10_000_000, {
      meaning:
        'charges that the simulator remembers; the oldest is forgotten first; without it, it remembers all',
    }),
  ),
} as const;
