import type { CircuitState } from '../../resilience/circuit-breaker.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';

/** Records that the circuit of a breaker has changed its state. */
export function reportCircuit(
  logger: Logger,
  metrics: Metrics,
  { breaker, from, to }: { breaker: string; from: CircuitState; to: CircuitState },
): void {
  metrics.breakerChanged(breaker, from, to);
  logger[to === 'open' ? 'warn' : 'info'](
    { event: 'circuit_breaker.changed', breaker, from, to },
    `circuit breaker ${to.replace('_', '-')}`,
  );
}
