import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import type { AdmissionEvents } from '../admission/admission-events.ts';
import type { Admission } from '../admission/admission.ts';
import type { Config } from '../config/config.ts';
import type { Health } from '../health.ts';
import { scrub } from '../privacy/scrub.ts';
import type { Redis } from '../redis/redis.ts';
import { type AuthEvents, createAuthentication } from './auth.ts';
import { readDeadlines } from './deadline.ts';
import { type ConnectionEvents, limitConnections, limitOptions } from './hardening/connection-limits.ts';
import { closeGently } from './hardening/gentle-close.ts';
import { readJsonBodies } from './hardening/json-body.ts';
import { createMalformedRequestHandler } from './hardening/malformed-requests.ts';
import { answerOtherMethods } from './hardening/method-not-allowed.ts';
import { enforceRequestRules } from './hardening/request-rules.ts';
import { securityHeadersFor, sendSecurityHeaders } from './hardening/security-headers.ts';
import { answerInTurn } from './hardening/turns.ts';
import { strictValidation } from './hardening/validation.ts';
import { countAnonymous, limitAnonymousRequests, requireApiKey } from './limits/address-limit.ts';
import { admitRequests } from './limits/admission-hook.ts';
import { refuseEarly } from './limits/early-refusal.ts';
import { readForwarded } from './limits/forwarded.ts';
import { limitRequests } from './limits/rate-limit.ts';
import { reportedAddress, tlsReport } from './limits/trusted-callers.ts';
import { refuseUnparsed } from './limits/unparsed-refusal.ts';
import { boundUnreadAnswers } from './limits/unread-answers.ts';
import { createWindowLimit } from './limits/window-limit.ts';
import { answerNotFound } from './not-found.ts';
import { type DocumentInfo, serveOpenApi } from './openapi.ts';
import { problemErrorHandler, problems, type ProblemVocabulary, seeDocs } from './problem-details.ts';
import { serveProblemPages } from './problem-pages.ts';

export interface ServerParts {
  config: Pick<Config, 'http' | 'apiKeys' | 'limits' | 'shutdown'>;
  /** Names the service in `WWW-Authenticate` and in the keys of Redis. */
  name: string;
  /** Heads the OpenAPI document. */
  document: DocumentInfo;
  health: Health;
  /** Routes that require an API key. */
  routes: FastifyPluginAsync;
  /** What the routes add to problem details. */
  problems: ProblemVocabulary;
  /** Attached before every other hook, so that it sees every request. */
  observe(app: FastifyInstance): void;
  onUnexpectedError(error: unknown): void;
  auth: AuthEvents;
  /** Counts the requests of a client across replicas. */
  redis: Pick<Redis, 'countInWindow'> | undefined;
  /** Called when a client or an address is over its limit. */
  onRateLimited(): void;
  /** Decides which requests are processed; without it, all are. */
  admission: Admission | undefined;
  admissionEvents: AdmissionEvents;
  connectionEvents: ConnectionEvents;
}

/**
 * The public listener. A request passes these steps from top to bottom. Each refuses what it can at the least cost, so
 * nothing expensive happens for a request that a cheaper step turns away.
 *
 *     step                     refuses a request with
 *     ───────────────────────  ─────────────────────────────────────────────────────────────────────────────────
 *     limitConnections         nothing: connections beyond the limit are closed without a response
 *     refuseUnparsed           overloaded: on connections that were refused before, most of what refuseEarly would refuse
 *     Node's parser            malformed_request, headers_too_large, payload_too_large, request_timeout,
 *                              method_not_allowed (CONNECT)
 *     answerInTurn             nothing: a connection has one request in flight; the others wait unread
 *     refuseEarly              overloaded: nearly all requests that admitRequests would refuse, before they are routed
 *     Fastify's router         malformed_request: a URL that cannot be decoded
 *     onRequest, every route
 *       readForwarded          nothing: reads whom a trusted proxy forwards the request for
 *       observe                nothing: starts the span and the log line, which record every refusal below
 *       trackConnections       nothing: remembers the reply through which a parse error in the body is answered
 *       sendRequestId          nothing
 *       sendSecurityHeaders    nothing: comes before the first refusal, which needs the headers too
 *       limitAnonymousRequests rate_limited (per address; routes without an API key)
 *       enforceRequestRules    malformed_request, headers_too_large, expectation_failed
 *       answerOtherMethods     nothing: answers `OPTIONS *`
 *       answerNotFound         route_not_found
 *     onRequest, other methods
 *       answerOtherMethods     method_not_allowed
 *     onRequest, documents
 *       boundUnreadAnswers     rate_limited (per address, while it leaves earlier documents unread)
 *     onRequest, routes that require an API key
 *       authenticate           unauthenticated, rate_limited (per address)
 *       limitRequests          rate_limited (per client)
 *       readDeadlines          invalid_request
 *       admitRequests          overloaded, deadline_exceeded: comes last, so no refused request takes a slot
 *       boundUnreadAnswers     rate_limited (routes with large answers, while the client leaves earlier ones unread)
 *     body
 *       enforceRequestRules    nothing: sends `100 Continue`, as the body will be read
 *       readJsonBodies         payload_too_large, unsupported_media_type, malformed_request
 *       strictValidation       invalid_request
 *     handler                  the problems of the route; database_unavailable, deadline_exceeded, internal_error
 *     onSend                   nothing: admitRequests frees the slot (of a large answer when it is taken),
 *                              boundUnreadAnswers counts, announceDraining asks for a new connection
 */
export async function createServer(parts: ServerParts): Promise<FastifyInstance> {
  const { config, connectionEvents, onRateLimited } = parts;
  const { bodyLimit, trustProxy, proxyHeader, connections: limits } = config.http;
  const handleError = problemErrorHandler({ onUnexpectedError: parts.onUnexpectedError });
  const malformed = createMalformedRequestHandler(connectionEvents.unreadable);
  const addresses = createWindowLimit(config.limits.addresses);
  const unread = boundUnreadAnswers(onRateLimited, connectionEvents.unread);
  const failures = createWindowLimit(config.limits.failures);
  const addressOf = reportedAddress(config.http);
  const isOverTls = tlsReport(config.http);

  const app = fastify({
    ...limitOptions(limits),
    logger: false,
    bodyLimit,
    trustProxy,
    genReqId: requestIdOf,
    // A draining service answers the requests that still arrive, with `connection: close`.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    schemaController: strictValidation,
    // The schemas bound the parameters. The router's own bound would answer first, with a 404.
    routerOptions: { maxParamLength: limits.maxHeaderBytes },
    frameworkErrors: (error, request, reply) => {
      malformed.replyStarted(reply);
      // No hook runs for these, and their `request` knows the peer of the connection only, whatever a trusted proxy reports.
      const { id, raw, socket } = request;
      const refusal = countAnonymous({ ip: addressOf(raw), socket }, addresses, onRateLimited);
      reply.headers(securityHeadersFor(isOverTls(raw, socket))).header('x-request-id', id);
      handleError(refusal ?? error, request, reply);
      connectionEvents.unreadable({ requestId: request.id, status: reply.statusCode });
    },
    clientErrorHandler: malformed.handleParseError,
  });
  limitConnections(app, limits, connectionEvents);
  closeGently(app, malformed, config.shutdown);
  app.setErrorHandler(handleError);

  if (trustProxy !== false) readForwarded(app, proxyHeader);
  parts.observe(app);
  const early =
    parts.admission &&
    refuseEarly(app.server, {
      admission: parts.admission,
      events: parts.admissionEvents,
      bodyLimit,
      proxies: config.http,
      requestIdOf,
      draining: parts.health.draining,
    });
  const turns = answerInTurn(app.server);
  if (early) refuseUnparsed(app.server, turns, early);
  malformed.trackConnections(app, turns);
  sendRequestId(app);
  sendSecurityHeaders(app);
  limitAnonymousRequests(app, addresses, onRateLimited);
  enforceRequestRules(app, { ...limits, bodyLimit });
  // Covers the routes that are added between these two calls.
  const addMethodRoutes = answerOtherMethods(app);
  answerNotFound(app, seeDocs);

  readJsonBodies(app);
  announceDraining(app, parts.health);

  await serveOpenApi(app, parts.document, parts.problems, unread.bound);
  serveProblemPages(app, { ...problems, ...parts.problems.problems });
  app.decorateRequest('clientId', '');
  await app.register(async (scope) => {
    requireApiKey(scope);
    scope.addHook(
      'onRequest',
      createAuthentication(config.apiKeys.reveal(), { failures, addresses }, parts.auth, parts.name),
    );
    limitRequests(scope, {
      ...config.limits.requests,
      redis: parts.redis,
      keyPrefix: parts.name,
      onExceeded: onRateLimited,
    });
    readDeadlines(scope);
    unread.boundMarked(scope);
    early?.cover(scope);
    if (parts.admission) admitRequests(scope, parts.admission, parts.admissionEvents);
    await scope.register(parts.routes);
  });
  addMethodRoutes();
  return app;
}

function sendRequestId(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
}

/** Asks clients of a draining service to connect anew, so that the load balancer sends them elsewhere. */
function announceDraining(app: FastifyInstance, health: Health): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (health.draining()) reply.header('connection', 'close');
    done();
  });
}

const saneRequestId = /^[\w.:/+=-]{1,128}$/;

/** Keeps the caller's id, so that a request can be followed across services, unless it is malformed or sensitive. */
function requestIdOf(request: { headers: IncomingHttpHeaders }): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && saneRequestId.test(given) && scrub(given) === given
    ? given
    : randomUUID();
}
