/** Keeps the settlement worker idle during a test, so that only requests reach the gateway. */
export const quietWorker = {
  SETTLEMENT_POLL_INTERVAL: '1h',
  SETTLEMENT_BACKOFF_BASE: '1h',
  SETTLEMENT_BACKOFF_FLOOR: '1h',
  SETTLEMENT_BACKOFF_CAP: '1h',
};

/** Retries that neither the breaker nor the budget stops, nor an attempt that a busy machine makes late. */
export const onlyRetries = {
  ...quietWorker,
  PAYMENT_ATTEMPT_TIMEOUT: '20s',
  PAYMENT_DEADLINE: '20s',
  PAYMENT_MAX_ATTEMPTS: '10',
  PAYMENT_RETRY_RESERVE: '1000',
  BREAKER_VOLUME: '1000',
};

/**
 * No rate limits, because tests send many requests from one address. Admission control stays on, with generous bounds for
 * a machine that runs several test files at once.
 */
export const noLimits = {
  RATE_LIMIT_MAX: '0',
  RATE_LIMIT_ADDRESS_MAX: '0',
  AUTH_FAILURE_MAX: '0',
  ADMISSION_TARGET: '10s',
  ADMISSION_BUSY_LATENCY: '10s',
  ADMISSION_QUEUE: '1000',
  ADMISSION_QUEUE_TIMEOUT: '10s',
  ADMISSION_LOOP_DELAY: '10s',
};

/** Short leases and waits, so that a settlement takes milliseconds and not seconds. */
export const quickSettlement = {
  PAYMENT_ATTEMPT_TIMEOUT: '150ms',
  PAYMENT_DEADLINE: '200ms',
  PAYMENT_MAX_ATTEMPTS: '1',
  BREAKER_VOLUME: '1000',
  SETTLEMENT_POLL_INTERVAL: '50ms',
  SETTLEMENT_ATTEMPT_TIMEOUT: '300ms',
  SETTLEMENT_BACKOFF_BASE: '50ms',
  SETTLEMENT_BACKOFF_FLOOR: '10ms',
  SETTLEMENT_BACKOFF_CAP: '100ms',
};
