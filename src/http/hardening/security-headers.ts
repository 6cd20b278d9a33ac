import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/**
 * On every answer, for the case that a browser gets it: JSON is neither a page nor a script, belongs into no frame, and
 * what one client is told is kept by no cache on the way. Helmet sets the same and builds it anew for each request, which
 * takes 7 µs; one object takes one. It has the pages under /docs.
 *
 * @see https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers
 */
export const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/**
 * Over TLS alone, as RFC 6797, section 7.2, has it. The service itself speaks no TLS: whether the client did is what a
 * trusted proxy says, and without one nobody does.
 */
const strictTransport = { 'strict-transport-security': 'max-age=31536000' };

export function sendSecurityHeaders(app: FastifyInstance): void {
  const overTls = { ...securityHeaders, ...strictTransport };
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(request.protocol === 'https' ? overTls : securityHeaders);
    done();
  });
}

/** For a scope that serves pages: their own scripts, styles and images may load, and nothing else. */
export async function sendPageSecurityHeaders(scope: FastifyInstance): Promise<void> {
  scope.addHook('onRequest', (_request, reply, done) => {
    for (const name of Object.keys(securityHeaders)) reply.removeHeader(name);
    done();
  });
  await scope.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        // Swagger UI styles its elements in place.
        styleSrc: ["'self'", "'unsafe-inline'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // Not upgrade-insecure-requests and not HSTS: without TLS in front they would break the page.
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' },
    frameguard: { action: 'deny' },
  });
}
