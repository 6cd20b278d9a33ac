/** The column of metrics/domain-readings.ts, and the word, for what goes well. */
export const success = 'confirmed';

/** The circuit breaker that a tile shows, and those whose bands have their place before the service has reported any. */
export const mainBreaker = 'upstream';
export const breakers = [mainBreaker];
