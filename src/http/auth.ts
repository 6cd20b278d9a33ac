import { hash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { ApiKey } from '../environment.ts';
import { ServiceError } from '../errors.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The client that the API key belongs to; empty on routes that need no key. */
    clientId: string;
  }
}

/**
 * Finds the client behind the header `Authorization: Bearer <key>` (RFC 6750). Keys are held as SHA-256 alone, and
 * all of them are compared in constant time, so that the time taken tells nothing about any of them.
 */
export function createAuthentication(
  apiKeys: readonly ApiKey[],
  onFailure: (reason: 'missing' | 'unknown') => void,
): (request: FastifyRequest) => Promise<void> {
  const known = apiKeys.map(({ client, key }) => ({ client, digest: digestOf(key) }));

  return async (request) => {
    const [, key] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (key === undefined) {
      onFailure('missing');
      throw new ServiceError('unauthenticated', 'Send the header `Authorization: Bearer <API key>`.');
    }
    const digest = digestOf(key);
    let client: string | undefined;
    for (const candidate of known) if (timingSafeEqual(candidate.digest, digest)) client = candidate.client;
    if (client === undefined) {
      onFailure('unknown');
      throw new ServiceError('unauthenticated', 'The API key is not known.');
    }
    request.clientId = client;
  };
}

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
