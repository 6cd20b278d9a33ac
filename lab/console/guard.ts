import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problem } from '../simulator/answer.ts';

export interface GuardOptions {
  /** What whoever may look knows: it stands in the URL that was printed. */
  token: string;
  /** Shown to whoever does not, on the way to a page. */
  lockedPage: () => string;
}

/** Names under which this machine is reached from itself. Any other came from a name server that somebody else runs. */
const ownNames: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** Telemetry comes without a token, from senders that know none; code and style of the page are no secret. */
const open = /^\/(v1|page)\//;

/**
 * Who may do what: only this machine, no page of another site, and of everything but sending telemetry only who has
 * the token. Loopback alone would not do: every page in the browser of the user can send requests there.
 *
 * @see https://owasp.org/www-community/attacks/csrf
 */
export function guard(app: FastifyInstance, { token, lockedPage }: GuardOptions): void {
  app.addHook('onRequest', async (request, reply) => {
    setSecurityHeaders(reply);
    const { host = '', origin } = request.headers;
    if (!ownNames.has(hostnameOf(host))) {
      return refuse(reply, 403, 'wrong_host', 'The console answers to 127.0.0.1 and localhost alone.');
    }
    if ((origin !== undefined && origin !== `http://${host}`) || comesFromElsewhere(request)) {
      return refuse(reply, 403, 'wrong_origin', 'Other sites have no access to the console.');
    }
    if (open.test(request.url)) return;

    const offered = new URL(request.url, `http://${host}`).searchParams.get('token');
    if (offered !== null && request.method === 'GET' && isToken(offered, token))
      return letIn(request, reply, token);
    if (isToken(cookieOf(request), token)) return;
    if (request.url.startsWith('/api/')) {
      return refuse(
        reply,
        401,
        'no_session',
        'Open the console at the address that was printed at its start.',
      );
    }
    return reply.code(401).type('text/html; charset=utf-8').send(lockedPage());
  });
}

/** Says which way browsers let a page of the console go: to itself, and nowhere else. */
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
      // No text can become markup or code, not even by mistake.
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

/** A link on another page may lead here. Nothing else that another page starts may. */
function comesFromElsewhere({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== 'cross-site' && site !== 'same-site') return false;
  return headers['sec-fetch-mode'] !== 'navigate' || headers['sec-fetch-dest'] !== 'document';
}

function refuse(reply: FastifyReply, status: number, code: string, detail: string): FastifyReply {
  const { headers, body } = problem(status, code, detail);
  return reply.code(status).headers(headers).send(body);
}

/**
 * Exchanges the token for a cookie. Not by a redirect: one that began on another site, such as a terminal in the
 * browser, would go without a strict cookie.
 */
function letIn(request: FastifyRequest, reply: FastifyReply, token: string): FastifyReply {
  // Rebuilt from what the path may be: nothing of the request gets into the page as it came.
  const path = /^\/(?:[\w-]+(?:\/[\w-]+)*)?(?=\?)/.exec(request.url)?.[0] ?? '/';
  return reply
    .header('set-cookie', `${cookieName(request)}=${token}; HttpOnly; SameSite=Strict; Path=/`)
    .type('text/html; charset=utf-8')
    .send(
      `<!doctype html><title>Console</title><link rel="icon" href="/page/icon.svg">` +
        `<meta http-equiv="refresh" content="0;url=${path}">`,
    );
}

/** Cookies do not know ports, and there may be several consoles. */
function cookieName({ headers: { host = '' } }: FastifyRequest): string {
  return `console-${new URL(`http://${host}`).port || '80'}`;
}

function cookieOf(request: FastifyRequest): string {
  const name = cookieName(request);
  const cookies = request.headers.cookie?.split(';') ?? [];
  const own = cookies.map((each) => each.trim()).find((each) => each.startsWith(`${name}=`));
  return own?.slice(name.length + 1) ?? '';
}

function hostnameOf(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : '';
}

function isToken(offered: string, token: string): boolean {
  const [given, expected] = [Buffer.from(offered), Buffer.from(token)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}
