import type { ConnectionEvents } from '../../http/hardening/connection-limits.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';

/** Whoever attacks decides how much there is to tell: lines about it are few, and the metrics have all of it. */
const mostLines = 10;
/** Milliseconds. */
const window = 1000;

/** Counts everything, and logs the first refusals of every second and how many more there were. */
export function observeConnections(
  logger: Logger,
  metrics: Pick<Metrics, 'connections' | 'connectionRefused' | 'unreadable'>,
  listener: 'public' | 'admin',
): ConnectionEvents {
  const unreadable = { event: 'http.unreadable', listener };
  const logUnreadable = atMost(mostLines, window, (more) =>
    logger.info({ ...unreadable, more }, 'more requests could not be read'),
  );
  const refused = { event: 'http.connection_refused', listener };
  const logRefused = atMost(1, window, (more) =>
    logger.warn({ ...refused, more }, 'more connections were refused'),
  );
  const open = metrics.connections(listener);

  return {
    opened: () => open.add(1),
    closed: () => open.add(-1),
    refused() {
      metrics.connectionRefused(listener);
      logRefused(() => logger.warn(refused, 'connection refused, because there are too many'));
    },
    unreadable({ requestId, status }) {
      metrics.unreadable(listener, status);
      logUnreadable(() =>
        logger.info({ ...unreadable, request_id: requestId, status }, 'request could not be read'),
      );
    },
  };
}

/**
 * Runs at most `limit` of what it is given in a window of so many milliseconds, which begins with the first.
 *
 * @param summarize told at the end of a window how many were left out, where there were any
 */
export function atMost(
  limit: number,
  length: number,
  summarize: (leftOut: number) => void,
): (write: () => void) => void {
  let seen = 0;
  return (write) => {
    if (seen === 0) {
      setTimeout(() => {
        if (seen > limit) summarize(seen - limit);
        seen = 0;
      }, length).unref();
    }
    seen += 1;
    if (seen <= limit) write();
  };
}
