import type { FastifyInstance } from 'fastify';

/**
 * The security headers of every response, in case a browser receives it: JSON is neither a page nor a script, must not
 * be framed, and must not be cached on the way. Helmet sets the same headers but builds them per request, which takes
 * 7 µs instead of 1 µs.
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
 * Sent over TLS only, as RFC 6797, section 7.2, requires. The service itself speaks no TLS: a trusted proxy reports
 * whether the client did.
 */
export const strictTransport = { 'strict-transport-security': 'max-age=31536000' };

const overTls = { ...securityHeaders, ...strictTransport };

export function securityHeadersFor(isOverTls: boolean): Readonly<Record<string, string>> {
  return isOverTls ? overTls : securityHeaders;
}

export function sendSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(securityHeadersFor(request.protocol === 'https'));
    done();
  });
}

/** The policy of a page without scripts: only a style sheet of the service itself may load. */
export const pagePolicy = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
} as const;
