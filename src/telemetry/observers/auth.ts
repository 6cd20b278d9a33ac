import type { AuthEvents } from '../../http/auth.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';

/** Counts every refusal, and logs only brute force, for an operator to investigate. No API key is recorded. */
export function observeAuthentication(logger: Logger, metrics: Metrics): AuthEvents {
  return {
    refused: metrics.authFailed,
    bruteForce: ({ address, failures }) =>
      logger.warn(
        { event: 'auth.brute_force', client_address: address, failures },
        'many wrong API keys from one address',
      ),
  };
}
