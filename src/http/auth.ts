import { hash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
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
 *
 * @param realm the protection space that `WWW-Authenticate` names (RFC 9110, section 11.5)
 */
export function createAuthentication(
  apiKeys: readonly ApiKey[],
  limits: AuthLimits,
  events: AuthEvents,
  realm: string,
): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
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

  return async (request, reply) => {
    const verdict = decide(request, credentialsOf(request));
    switch (verdict.kind) {
      case 'accepted':
        request.clientId = verdict.client;
        return;
      case 'refused':
        events.refused(verdict.reason);
        reply.header('www-authenticate', `Bearer realm="${realm}"${challenge[verdict.reason]}`);
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

/** RFC 6750, section 3.1: a request without credentials gets no error code. */
const challenge = { missing: '', unknown: ', error="invalid_token"' } as const;

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
