import { baseUrl } from './addresses.ts';
import { duration, share, wholeNumber } from './environment.ts';

/** The variables of the domain: how it calls its dependency. */
export const domainVariables = {
  UPSTREAM_URL: baseUrl({
    meaning:
      'URL of the dependency that confirms bookings; `npm start` brings a simulator when it is not set',
    // A wrong one may hold credentials.
    secret: true,
  }),
  UPSTREAM_CONNECTIONS: wholeNumber(1, 1000, {
    default: '64',
    meaning: 'keep-alive connections to the dependency',
  }),
  UPSTREAM_ATTEMPT_TIMEOUT: duration({
    default: '1s',
    meaning: 'timeout of one attempt; after it, the outcome of the attempt is unknown',
  }),
  UPSTREAM_DEADLINE: duration({
    default: '3s',
    meaning:
      'deadline of a call with all its retries; after it, the booking stays pending and the client gets 202',
  }),
  UPSTREAM_MAX_ATTEMPTS: wholeNumber(1, 20, {
    default: '4',
    meaning: 'attempts per call, including the first',
  }),
  UPSTREAM_RETRY_BUDGET: share({
    default: '0.2',
    meaning: 'retries that every call adds to the retry budget, so that retries do not multiply an outage',
  }),
  BREAKER_ERROR_SHARE: share({
    default: '0.5',
    meaning: 'share of failed attempts in the window above which the circuit opens',
  }),
  BREAKER_VOLUME: wholeNumber(1, 100_000, {
    default: '20',
    meaning: 'attempts in the window before the circuit can open',
  }),
  BREAKER_OPEN_FOR: duration({
    default: '5s',
    meaning: 'time from open to half-open, when the circuit breaker lets one probe through',
  }),
} as const;
