import { hash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { ApiKey } from '../config/environment.ts';
import { ServiceError } from '../errors.ts';
import { type AuthLimits, createAuthThrottle, type Credentials } from './limits/auth-throttle.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The client that the API key belongs to; empty on routes that need no key. */
    clientId: string;
  }
}

/** What authentication tells about itself; telemetry listens. */
export interface AuthEvents {
  /** A request was not let in. */
  refused(reason: 'missing' | 'unknown' | 'throttled'): void;
  /** So many wrong keys came from one address that it looks like guessing. Told once per window. */
  bruteForce(event: { address: string; failures: number }): void;
}

/**
 * Finds the client behind the header `Authorization: Bearer <key>` (RFC 6750). Keys are held as SHA-256 alone, and
 * all of them are compared in constant time, so that the time taken tells nothing about any of them.
 */
export function createAuthentication(
  apiKeys: readonly ApiKey[],
  limits: AuthLimits,
  events: AuthEvents,
): (request: FastifyRequest) => Promise<void> {
  const known = apiKeys.map(({ client, key }) => ({ client, digest: digestOf(key) }));
  const judge = createAuthThrottle(limits, events.bruteForce);

  function credentialsOf({ headers }: FastifyRequest): Credentials {
    const [, key] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
    if (key === undefined) return { kind: 'missing' };
    const digest = digestOf(key);
    let client: string | undefined;
    for (const candidate of known) if (timingSafeEqual(candidate.digest, digest)) client = candidate.client;
    return client === undefined ? { kind: 'unknown' } : { kind: 'known', client };
  }

  return async (request) => {
    const verdict = judge(request, credentialsOf(request));
    switch (verdict.kind) {
      case 'let_in':
        request.clientId = verdict.client;
        return;
      case 'refused':
        events.refused(verdict.reason);
        throw new ServiceError('unauthenticated', advice[verdict.reason]);
      case 'throttled':
        events.refused('throttled');
        throw new ServiceError('rate_limited', 'Too many requests without a valid API key came from here.', {
          retryAfter: verdict.retryAfter,
        });
    }
  };
}

const advice = {
  missing: 'Send the header `Authorization: Bearer <API key>`.',
  unknown: 'The API key is not known.',
} as const;

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
