import rateLimit, { type FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { ServiceError } from '../../errors.ts';
import type { Redis } from '../../redis/redis.ts';
import { createWindowLimit, secondsUntilEnd, type WindowUse } from './window-limit.ts';

export interface RateLimitOptions {
  /** Requests of one client in a window. 0 is no limit. */
  max: number;
  /** Milliseconds. */
  window: number;
  /** Where replicas count together. Without it, and while it is away, each counts for itself. */
  redis: Pick<Redis, 'countInWindow'> | undefined;
  /** A request was refused. */
  onExceeded(): void;
}

/**
 * Limits the requests of each client of this scope; to be called once it is known who asks. What is left of the window
 * is told in every answer, as the current draft has it and not in the three headers of older ones, which is all that
 * the plugin can write itself.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-11
 */
export async function limitRequests(scope: FastifyInstance, options: RateLimitOptions): Promise<void> {
  const { max, window, onExceeded } = options;
  if (max === 0) return;
  await scope.register(rateLimit, {
    global: false,
    max,
    timeWindow: window,
    keyGenerator: (request) => request.clientId,
    store: storeOf(createRequestCounter(options)),
  });
  const count = scope.createRateLimit();
  const policy = `"client";q=${max};w=${Math.ceil(window / 1000)}`;

  scope.addHook('onRequest', async (request, reply) => {
    const use = await count(request);
    if (use.isAllowed) return;
    reply.header('ratelimit-policy', policy);
    reply.header('ratelimit', `"client";r=${use.remaining};t=${use.ttlInSeconds}`);
    if (!use.isExceeded) return;
    onExceeded();
    throw new ServiceError('rate_limited', `Your limit is ${max} requests in ${window / 1000} s.`, {
      retryAfter: secondsUntilEnd({ endsIn: use.ttl }),
    });
  });
}

type CountRequest = (client: string) => WindowUse | Promise<WindowUse>;

/**
 * Counts in Redis, and here as well: so the limit goes on where it was when Redis goes away, and a client that is over
 * it is refused from memory until its window ends. A flood costs Redis nothing.
 */
function createRequestCounter({ max, window, redis }: RateLimitOptions): CountRequest {
  const own = createWindowLimit({ max, window });
  if (redis === undefined) return (client) => own.add(client);
  return async (client) => {
    const counted = own.add(client);
    if (counted.over) return counted;
    const shared = await redis.countInWindow(`orders:requests:${window}:${client}`, window);
    return shared === undefined ? counted : own.set(client, shared);
  };
}

/** What the plugin wants: a class that it makes itself, with callbacks. */
function storeOf(countRequest: CountRequest): FastifyRateLimitStoreCtor {
  return class Store {
    incr(client: string, done: (error: Error | null, use?: { current: number; ttl: number }) => void): void {
      const tell = ({ count, endsIn }: WindowUse) => done(null, { current: count, ttl: endsIn });
      const use = countRequest(client);
      if (use instanceof Promise) use.then(tell, done);
      else tell(use);
    }

    child(): this {
      return this;
    }
  };
}
