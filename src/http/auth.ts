import { hash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { ApiKey } from '../config/environment.ts';
import { ServiceError } from '../errors.ts';
import { tooManyFromAddress } from './limits/address-limit.ts';
import { type AuthLimits, createAuthThrottle, type Credentials } from './limits/auth-throttle.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The client that owns the API key; empty on routes that require no key. */
    clientId: string;
  }
}

/** What authentication reports; telemetry implements it. */
export interface AuthEvents {
  /** A request was refused. */
  refused(reason: 'missing' | 'unknown' | 'throttled'): void;
  /** An address sent more wrong keys than the limit, which looks like guessing. Called once per window. */
  bruteForce(event: { address: string; failures: number }): void;
}

/**
 * Identifies the client by the header `Authorization: Bearer <key>` (RFC 6750). Keys are held as SHA-256 digests only,
 * and every one is compared in constant time, so that timing reveals nothing about any of them.
 */
export function createAuthentication(
  apiKeys: readonly ApiKey[],
  limits: AuthLimits,
  events: AuthEvents,
): (request: FastifyRequest) => Promise<void> {
  const known = apiKeys.map(({ client, key }) => ({ client, digest: digestOf(key) }));
  const decide = createAuthThrottle(limits, events.bruteForce);

  function credentialsOf({ headers }: FastifyRequest): Credentials {
    const [, key] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
    if (key === undefined) return { kind: 'missing' };
    const digest = digestOf(key);
    let client: string | undefined;
    for (const candidate of known) if (timingSafeEqual(candidate.digest, digest)) client = candidate.client;
    return client === undefined ? { kind: 'unknown' } : { kind: 'known', client };
  }

  return async (request) => {
    const verdict = decide(request, credentialsOf(request));
    switch (verdict.kind) {
      case 'accepted':
        request.clientId = verdict.client;
        return;
      case 'refused':
        events.refused(verdict.reason);
        throw new ServiceError('unauthenticated', advice[verdict.reason]);
      case 'throttled':
        events.refused('throttled');
        throw tooManyFromAddress(verdict.retryAfter);
    }
  };
}

const advice = {
  missing: 'Send the header `Authorization: Bearer <API key>`.',
  unknown: 'The API key is unknown. Send a valid one.',
} as const;

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
