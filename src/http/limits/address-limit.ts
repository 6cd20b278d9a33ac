import type { FastifyInstance } from 'fastify';
import { ServiceError } from '../../errors.ts';
import { clientAddress } from './client-address.ts';
import { secondsUntilEnd, type WindowLimit } from './window-limit.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route asks for an API key, and counts requests without a valid one itself. */
    needsApiKey?: true;
  }
}

/** Limits what nobody has to identify for: the pages of the reference, paths that do not exist. */
export function limitAnonymousRequests(
  app: FastifyInstance,
  addresses: WindowLimit,
  onExceeded: () => void,
): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const use = request.routeOptions.config?.needsApiKey ? undefined : addresses.add(clientAddress(request));
    if (!use?.over) {
      done();
      return;
    }
    onExceeded();
    done(
      new ServiceError('rate_limited', 'Too many requests without a valid API key came from your address.', {
        retryAfter: secondsUntilEnd(use),
      }),
    );
  });
}

/** Marks the routes of a scope as those that ask for an API key. */
export function requireApiKey(scope: FastifyInstance): void {
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, needsApiKey: true };
  });
}
