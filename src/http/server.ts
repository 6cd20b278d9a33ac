import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import type { Admission } from '../admission/admission.ts';
import type { AdmissionEvents } from '../admission/admission-events.ts';
import type { Config } from '../config/config.ts';
import type { Redis } from '../redis/redis.ts';
import { admitRequests } from './limits/admission-hook.ts';
import { limitAnonymousRequests, requireApiKey } from './limits/address-limit.ts';
import { type AuthEvents, createAuthentication } from './auth.ts';
import { type ConnectionEvents, limitConnections, limitOptions } from './hardening/connection-limits.ts';
import { readDeadlines } from './deadline.ts';
import { closeGently } from './hardening/gentle-close.ts';
import type { Health } from '../health.ts';
import { readJsonBodies } from './hardening/json-body.ts';
import { answerOtherMethods } from './hardening/method-not-allowed.ts';
import { serveOpenApi } from './openapi.ts';
import { answerNotFound } from './not-found.ts';
import { problemErrorHandler, type ProblemVocabulary, seeDocs } from './problem-details.ts';
import { limitRequests } from './limits/rate-limit.ts';
import { enforceRequestRules } from './hardening/request-rules.ts';
import { securityHeaders, sendSecurityHeaders } from './hardening/security-headers.ts';
import { createSocketRefusals } from './hardening/malformed-requests.ts';
import { scrub } from '../privacy/scrub.ts';
import { strictValidation } from './hardening/validation.ts';
import { createWindowLimit } from './limits/window-limit.ts';

export interface ServerParts {
  config: Pick<Config, 'http' | 'apiKeys' | 'limits'>;
  version: string;
  health: Health;
  /** Routes that need an API key. */
  routes: FastifyPluginAsync;
  /** What the routes add to problem details. */
  problems: ProblemVocabulary;
  /** Attached before everything else, so that it sees every request. */
  observe(app: FastifyInstance): void;
  onUnexpectedError(error: unknown): void;
  auth: AuthEvents;
  /** Where replicas count the requests of a client together. */
  redis: Pick<Redis, 'countInWindow'> | undefined;
  /** A request was refused, because its client or its address sends too many. */
  onRateLimited(): void;
  /** Decides which requests are worked on; without it, all are. */
  admission: Admission | undefined;
  admissionEvents: AdmissionEvents;
  connectionEvents: ConnectionEvents;
}

/** The public listener: request ids, problem details, API keys, the OpenAPI document, and the routes. */
export async function createServer(parts: ServerParts): Promise<FastifyInstance> {
  const { bodyLimit, connections: limits } = parts.config.http;
  const handleError = problemErrorHandler((error) => parts.onUnexpectedError(error));
  const { clientErrorHandler, watch, begun, closeUnfinished } = createSocketRefusals(
    parts.connectionEvents.unreadable,
  );
  const app = fastify({
    ...limitOptions(limits),
    logger: false,
    bodyLimit,
    trustProxy: parts.config.http.trustProxy,
    genReqId: requestIdOf,
    // While draining, answers carry `connection: close` instead: a request that came in is served.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    schemaController: strictValidation,
    // The schemas bound the parameters; the router's own bound would answer before them.
    routerOptions: { maxParamLength: limits.maxHeaderBytes },
    frameworkErrors: (error, request, reply) => {
      begun(reply);
      handleError(error, request, reply.headers(securityHeaders).header('x-request-id', request.id));
      parts.connectionEvents.unreadable({ requestId: request.id, status: reply.statusCode });
    },
    clientErrorHandler,
  });
  limitConnections(app, limits, parts.connectionEvents);
  readJsonBodies(app);
  app.setErrorHandler(handleError);

  parts.observe(app);
  watch(app);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  sendSecurityHeaders(app);
  const addresses = createWindowLimit(parts.config.limits.addresses);
  limitAnonymousRequests(app, addresses, parts.onRateLimited);
  enforceRequestRules(app, { ...limits, bodyLimit });
  answerNotFound(app, seeDocs);
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (parts.health.draining()) reply.header('connection', 'close');
    done();
  });
  closeGently(app, closeUnfinished);

  await serveOpenApi(app, parts.version, parts.problems);
  const answerMethods = answerOtherMethods(app);
  app.decorateRequest('clientId', '');
  const failures = createWindowLimit(parts.config.limits.failures);
  const authenticate = createAuthentication(
    parts.config.apiKeys.reveal(),
    { failures, addresses },
    parts.auth,
  );
  await app.register(async (scope) => {
    requireApiKey(scope);
    scope.addHook('onRequest', authenticate);
    readDeadlines(scope);
    await limitRequests(scope, {
      ...parts.config.limits.requests,
      redis: parts.redis,
      onExceeded: parts.onRateLimited,
    });
    if (parts.admission) admitRequests(scope, parts.admission, parts.admissionEvents);
    await scope.register(parts.routes);
  });
  answerMethods();
  return app;
}

const saneRequestId = /^[\w.:/+=-]{1,128}$/;

/** The caller's id where it has a sane form, so that it can be followed across services; else a new one. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && saneRequestId.test(given) && scrub(given) === given
    ? given
    : randomUUID();
}
