import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Runs `work` in no async context: it sees neither the log fields of a request nor its trace, and neither does anything that
 * it starts. For every timer, connection and queue that outlives the request which happens to start it. Otherwise what it
 * logs later would carry the trace id of that request, which has nothing to do with it.
 */
export const outsideRequests: <T>(work: () => T) => T = AsyncLocalStorage.snapshot();
