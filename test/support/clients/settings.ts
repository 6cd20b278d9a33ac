/** Keeps the settlement worker away for the time of a test: what reaches the gateway is the doing of requests alone. */
export const quietWorker = {
  SETTLEMENT_POLL_INTERVAL: '1h',
  SETTLEMENT_BACKOFF_BASE: '1h',
  SETTLEMENT_BACKOFF_FLOOR: '1h',
  SETTLEMENT_BACKOFF_CAP: '1h',
};

/** Retries alone, without the breaker or the budget in their way. */
export const onlyRetries = {
  ...quietWorker,
  PAYMENT_ATTEMPT_TIMEOUT: '500ms',
  PAYMENT_MAX_ATTEMPTS: '10',
  PAYMENT_RETRY_RESERVE: '1000',
  BREAKER_VOLUME: '1000',
};

/**
 * Tests send as much as they like, and from one address. They go through admission like everybody, with patience for a
 * machine that runs several of them at once.
 */
export const noLimits = {
  RATE_LIMIT_MAX: '0',
  RATE_LIMIT_ADDRESS_MAX: '0',
  AUTH_FAILURE_MAX: '0',
  ADMISSION_TARGET: '10s',
  ADMISSION_QUEUE: '1000',
  ADMISSION_QUEUE_TIMEOUT: '10s',
  ADMISSION_LOOP_DELAY: '10s',
};
