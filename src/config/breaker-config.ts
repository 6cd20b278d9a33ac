import { duration, mustNotBeZero, share, type Values, wholeNumber } from './environment.ts';

/** The variables of the circuit breaker of a dependency. */
export const breakerVariables = {
  BREAKER_ERROR_SHARE: share({
    default: '0.5',
    meaning: 'share of failed attempts in the window above which the circuit to the dependency opens',
  }),
  BREAKER_VOLUME: wholeNumber(1, 100_000, {
    default: '20',
    meaning: 'attempts in the window before the circuit can open',
  }),
  BREAKER_WINDOW: duration({
    default: '10s',
    meaning: 'length of the rolling window of the circuit breaker',
  }),
  BREAKER_OPEN_FOR: duration({
    default: '5s',
    meaning: 'time from open to half-open, when the circuit breaker lets one probe through',
  }),
} as const;

export interface BreakerConfig {
  /** The circuit opens when more than this share of the attempts in the window failed. */
  errorShare: number;
  /** Attempts in the window before the share counts. */
  volume: number;
  window: number;
  /** From open to half-open. */
  openFor: number;
}

export function breakerConfig(value: Values<typeof breakerVariables>): BreakerConfig {
  return {
    errorShare: value.BREAKER_ERROR_SHARE,
    volume: value.BREAKER_VOLUME,
    window: value.BREAKER_WINDOW,
    openFor: value.BREAKER_OPEN_FOR,
  };
}

/** A sentence for each value that is valid by itself but must not be used. */
export function breakerContradictions(value: Values<typeof breakerVariables>) {
  return mustNotBeZero(value, 'BREAKER_WINDOW', 'BREAKER_OPEN_FOR');
}
