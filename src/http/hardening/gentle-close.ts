import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Server } from 'node:net';
import { finished } from 'node:stream/promises';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../../config/config.ts';
import { deadlineIn, orAtDeadline } from '../../resilience/deadline.ts';

/** Milliseconds. Longer than a request takes to cross any sane network. */
const linger = 200;
/** Milliseconds, at most, for clients to read what they were answered. */
const longestReading = 2000;
/** Of what the drain leaves until the deadline. A client that never reads must not take the time of the steps that follow. */
const shareForReading = 0.25;

/**
 * Keeps a shutdown from cutting off requests that are just arriving. Node stops listening and closes idle connections in
 * one step, which resets a request that a client is sending at that moment. This hook closes the listener first, lets
 * requests on existing connections be answered, with `connection: close`, and only then closes the idle connections. For Node, one
 * whose answer is complete and still on its way to a slow reader is idle.
 *
 * @param connections drops those whose client is still sending, because the shutdown does not wait for them
 * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#keepalive_min_timeout
 */
export function closeGently(
  app: FastifyInstance,
  connections: { dropIncompleteRequests(): void; answersOnTheirWay(): ServerResponse[] },
  { drainDelay, deadline }: Config['shutdown'],
): void {
  const readingTime = Math.min(longestReading, shareForReading * (deadline - drainDelay));
  app.addHook('preClose', async () => {
    const drained = once(app.server, 'close');
    // `http.Server` overrides this method and closes idle connections too.
    Server.prototype.close.call(app.server);
    await orAtDeadline(deadlineIn(linger), drained, () => undefined);
    connections.dropIncompleteRequests();
    const read = Promise.allSettled(connections.answersOnTheirWay().map((each) => finished(each)));
    await orAtDeadline(deadlineIn(readingTime), read, () => undefined);
  });
}
