import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hostnameOf, strangerIn } from '../../src/http/hardening/known-hosts.ts';
import { problem } from '../simulator/answer.ts';
import { cookieOf } from './cookies.ts';
import type { RefuseLost } from './receiver/lost-telemetry.ts';

export interface GuardOptions {
  /** The secret in the printed URL. */
  token: string;
  /** The page for a visitor without the token. */
  lockedPage: () => string;
  /** Answers what is posted outside of the API: telemetry, whose sender has a wrong address. */
  refuseLost: RefuseLost;
}

/** Host names of this machine. Any other name comes from DNS, where an attacker can point it here (DNS rebinding). */
const ownNames: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

const refusals = {
  wrong_host: 'The console answers only under 127.0.0.1, localhost and ::1.',
  wrong_origin: 'Other sites have no access to the console.',
};

/** Paths that need no token: telemetry, whose senders have none, and the page's own files, which are no secret. */
const open = /^\/(v1|page)\//;

/**
 * Restricts access: only this machine, no page of another site, and everything except sending telemetry requires the
 * token. Loopback alone is not enough, because every page in the user's browser can send requests there.
 *
 * @see https://owasp.org/www-community/attacks/csrf
 */
export function guard(app: FastifyInstance, { token, lockedPage, refuseLost }: GuardOptions): void {
  app.addHook('onRequest', async (request, reply) => {
    setSecurityHeaders(reply);
    const { host = '' } = request.headers;
    const stranger = strangerIn({ ...request.headers, host }, (name) => ownNames.has(hostnameOf(name)));
    if (stranger !== undefined) return refuse(reply, 403, stranger, refusals[stranger]);
    if (open.test(request.url)) return;
    // By the route and not by the address, which may be written in several ways.
    if (request.is404 && request.method === 'POST' && !request.url.startsWith('/api/'))
      return refuseLost(request, reply);

    // A path such as // makes no URL with any host.
    const offered = new URLSearchParams(/\?(.*)/.exec(request.url)?.[1]).get('token');
    if (offered !== null && request.method === 'GET' && isToken(offered, token))
      return letIn(request, reply, token);
    if (isToken(cookieOf(request, cookieName(request)), token)) return;
    if (request.url.startsWith('/api/')) {
      return refuse(
        reply,
        401,
        'no_session',
        'Open the console at the address that it printed when it started.',
      );
    }
    return reply.code(401).type('text/html; charset=utf-8').send(lockedPage());
  });
}

/** Tells browsers to let a page of the console load from the console and from nowhere else. */
function setSecurityHeaders(reply: FastifyReply): void {
  reply.headers({
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      // No string can become markup or code, not even by mistake.
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
}

function refuse(reply: FastifyReply, status: number, code: string, detail: string): FastifyReply {
  const { headers, body } = problem(status, code, detail);
  return reply.code(status).headers(headers).send(body);
}

/**
 * Exchanges the token for a cookie. Not by a redirect: after a link on another site, such as a terminal in the browser,
 * the redirected request would omit a strict cookie.
 */
function letIn(request: FastifyRequest, reply: FastifyReply, token: string): FastifyReply {
  // Matched against the known form of a path, so that nothing of the request reaches the page unchecked.
  const path = /^\/(?:[\w-]+(?:\/[\w-]+)*)?(?=\?)/.exec(request.url)?.[0] ?? '/';
  return reply
    .header('set-cookie', `${cookieName(request)}=${token}; HttpOnly; SameSite=Strict; Path=/`)
    .type('text/html; charset=utf-8')
    .send(
      `<!doctype html><title>Console</title><link rel="icon" href="/page/icon.svg">` +
        `<meta http-equiv="refresh" content="0;url=${path}">`,
    );
}

/** The port is in the name, because cookies are shared between ports and several consoles may run. */
function cookieName({ headers: { host = '' } }: FastifyRequest): string {
  return `console-${new URL(`http://${host}`).port || '80'}`;
}

function isToken(offered: string, token: string): boolean {
  const [given, expected] = [Buffer.from(offered), Buffer.from(token)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}
