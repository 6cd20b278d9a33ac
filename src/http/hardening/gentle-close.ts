import { once } from 'node:events';
import { Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** Milliseconds. Longer than a request takes to cross any sane network. */
const linger = 200;

/**
 * Keeps a shutdown from cutting off requests that are just arriving. Node stops listening and closes idle connections in
 * one step, which resets a request that a client is sending at that moment. This hook closes the listener first, lets
 * requests on existing connections be answered, with `connection: close`, and only then closes the idle connections.
 *
 * @param dropIncompleteRequests closes connections whose client is still sending, because the shutdown does not wait
 * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#keepalive_min_timeout
 */
export function closeGently(app: FastifyInstance, dropIncompleteRequests: () => void): void {
  app.addHook('preClose', async () => {
    const drained = once(app.server, 'close');
    // `http.Server` overrides this method and closes idle connections too.
    Server.prototype.close.call(app.server);
    const waiting = new AbortController();
    await Promise.race([drained, delay(linger, undefined, { signal: waiting.signal })]);
    waiting.abort();
    dropIncompleteRequests();
  });
}
