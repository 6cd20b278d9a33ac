import { outsideRequests } from '../../async-context.ts';
import type { ConnectionEvents } from '../../http/hardening/connection-limits.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';

/** Lines per window. An attacker controls the number of events, so the log has a sample and the metrics have all. */
const mostLines = 10;
/** Milliseconds. */
const window = 1000;

/** Counts every event, and logs the first refusals of each second and the number of the others. */
export function observeConnections(
  logger: Logger,
  metrics: Pick<Metrics, 'connections' | 'connectionRefused' | 'unreadable' | 'unread'>,
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
  const unread = metrics.unread(listener);

  return {
    opened: () => open.add(1),
    closed: () => open.add(-1),
    unread: (change) => unread.add(change),
    refused() {
      metrics.connectionRefused(listener);
      logRefused(() => logger.warn(refused, 'connection refused, because there are too many'));
    },
    unreadable({ requestId, status }) {
      metrics.unreadable(listener, status);
      logUnreadable(() =>
        // It may come to light as the request before it on the same connection ends.
        outsideRequests(() =>
          logger.info({ ...unreadable, request_id: requestId, status }, 'request could not be read'),
        ),
      );
    },
  };
}

/**
 * Runs at most `limit` of the given functions per window. A window opens with the first of them.
 *
 * @param length of the window, in milliseconds
 * @param summarize called at the end of a window that left some out, with their number
 */
export function atMost(
  limit: number,
  length: number,
  summarize: (leftOut: number) => void,
): (write: () => void) => void {
  let seen = 0;
  const close = () => {
    if (seen > limit) summarize(seen - limit);
    seen = 0;
  };
  return (write) => {
    if (seen === 0) outsideRequests(() => setTimeout(close, length).unref());
    seen += 1;
    if (seen <= limit) write();
  };
}
