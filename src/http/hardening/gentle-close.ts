import { once } from 'node:events';
import { Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** Milliseconds: longer than a request is on its way over any sane network. */
const linger = 200;

/**
 * Keeps a close from cutting requests that are just arriving. Node stops listening and closes idle connections in one
 * breath, which resets what a client is sending over one of them at that moment. Here the listener goes first; what
 * still comes over the connections that exist is answered, with `connection: close`; and those that stayed idle all
 * the while are closed then.
 *
 * @param closeUnfinished closes the connections of those who are still sending: nobody is going to wait for them
 * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#keepalive_min_timeout
 */
export function closeGently(app: FastifyInstance, closeUnfinished: () => void): void {
  app.addHook('preClose', async () => {
    const drained = once(app.server, 'close');
    // The method of http.Server would close the idle connections, too.
    Server.prototype.close.call(app.server);
    const waiting = new AbortController();
    await Promise.race([drained, delay(linger, undefined, { signal: waiting.signal })]);
    waiting.abort();
    closeUnfinished();
  });
}
