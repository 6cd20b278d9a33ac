import type { FastifyInstance } from 'fastify';
import { ServiceError } from '../../errors.ts';
import { isUnknownPath } from '../not-found.ts';
import { type Caller, clientAddress } from './client-address.ts';
import { secondsUntilEnd, type WindowLimit } from './window-limit.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route requires an API key; authentication counts its requests without a valid one. */
    needsApiKey?: true;
  }
}

/** Limits requests per address on routes that require no API key: the reference pages and unknown paths. */
export function limitAnonymousRequests(
  app: FastifyInstance,
  addresses: WindowLimit,
  onExceeded: () => void,
): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const isAnonymous = !request.routeOptions.config?.needsApiKey || isUnknownPath(request);
    if (isAnonymous) done(countAnonymous(request, addresses, onExceeded));
    else done();
  });
}

/** Counts a request without a valid API key for its address. @returns why it is refused, if it is one too many */
export function countAnonymous(
  request: Caller,
  addresses: WindowLimit,
  onExceeded: () => void,
): ServiceError | undefined {
  const use = addresses.add(clientAddress(request));
  if (!use.over) return undefined;
  onExceeded();
  return tooManyFromAddress(secondsUntilEnd(use));
}

/** @param retryAfter seconds */
export function tooManyFromAddress(retryAfter: number): ServiceError {
  return new ServiceError(
    'rate_limited',
    'Too many requests without a valid API key came from your address. Try again later.',
    { retryAfter },
  );
}

/** Marks the routes of a scope as requiring an API key. */
export function requireApiKey(scope: FastifyInstance): void {
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, needsApiKey: true };
  });
}
