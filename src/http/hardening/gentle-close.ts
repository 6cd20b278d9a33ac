import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Server } from 'node:net';
import { finished } from 'node:stream/promises';
import type { FastifyInstance } from 'fastify';
import { deadlineIn, orAtDeadline } from '../../resilience/deadline.ts';

/** Milliseconds. Longer than a request takes to cross any sane network. */
const linger = 200;
/** Milliseconds for clients to read what they were answered. One that never reads must not hold up the steps that follow. */
const readingTime = 2000;

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
): void {
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
