/** The column of metrics/domain-readings.ts, and the word, for what goes well. */
export const success = 'paid';

/** The circuit breaker that a tile shows, and those whose bands have their place before the service has reported any. */
export const mainBreaker = 'payment';
export const breakers = [mainBreaker, 'settlement'];
