import type { FastifyInstance } from 'fastify';
import { ServiceError } from '../../errors.ts';
import type { Redis } from '../../redis/redis.ts';
import { createWindowLimit, secondsUntilEnd, type WindowUse } from './window-limit.ts';

export interface RateLimitOptions {
  /** Requests of one client per window. 0 means no limit. */
  max: number;
  /** Milliseconds. */
  window: number;
  /** Counts across replicas. Without Redis, and while it is unavailable, each replica counts on its own. */
  redis: Pick<Redis, 'countInWindow'> | undefined;
  /** Prefix of the keys in Redis. */
  keyPrefix: string;
  /** Called for every refused request. */
  onExceeded(): void;
}

/**
 * Limits the requests of each client in this scope. Register it after authentication, which identifies the client.
 * Every response states the rest of the window in the headers of the current draft.
 *
 * `@fastify/rate-limit` has neither these headers nor a store that gives up on a slow Redis, so it would only call back
 * into this file.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-11
 */
export function limitRequests(scope: FastifyInstance, options: RateLimitOptions): void {
  const { max, window, onExceeded } = options;
  if (max === 0) return;
  const countRequest = createRequestCounter(options);
  const policy = `"client";q=${max};w=${Math.ceil(window / 1000)}`;

  scope.addHook('onRequest', async ({ clientId }, reply) => {
    const use = await countRequest(clientId);
    const seconds = secondsUntilEnd(use);
    reply.header('ratelimit-policy', policy);
    reply.header('ratelimit', `"client";r=${Math.max(0, max - use.count)};t=${seconds}`);
    if (!use.over) return;
    onExceeded();
    throw new ServiceError(
      'rate_limited',
      `Your limit is ${max} requests in ${window / 1000} s. Try again in ${seconds} s.`,
      { retryAfter: seconds },
    );
  });
}

/**
 * Counts in Redis and in memory. When Redis becomes unavailable, the limit continues from the count in memory. A client
 * over its limit is refused from memory until its window ends, so a flood costs Redis nothing.
 */
function createRequestCounter({
  max,
  window,
  redis,
  keyPrefix,
}: RateLimitOptions): (client: string) => WindowUse | Promise<WindowUse> {
  const local = createWindowLimit({ max, window });
  if (redis === undefined) return (client) => local.add(client);
  return async (client) => {
    const counted = local.add(client);
    if (counted.over) return counted;
    const shared = await redis.countInWindow(`${keyPrefix}:requests:${window}:${client}`, window);
    return shared === undefined ? counted : local.set(client, shared);
  };
}
