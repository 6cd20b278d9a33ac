import { randomUUID } from 'node:crypto';
import fastify, { type FastifyInstance } from 'fastify';
import type { ConnectionLimits } from '../config/http-config.ts';
import {
  type ConnectionEvents,
  limitConnections,
  limitOptions,
} from '../http/hardening/connection-limits.ts';
import type { Health } from '../health.ts';
import type { LogLevels } from '../telemetry/logging/log-levels.ts';
import { adminProblems } from './admin-problems.ts';
import { logLevelRoute } from './log-level-route.ts';
import { metricsRoute, type MetricsRouteOptions } from './metrics-route.ts';
import { answerNotFound } from '../http/not-found.ts';
import { problemErrorHandler, problems } from '../http/problem-details.ts';
import { serveProblemPages } from '../http/problem-pages.ts';
import { profileRoutes, type ProfileRoutesOptions } from './profile-routes.ts';
import { refuseStrangers } from './refuse-strangers.ts';
import { enforceRequestRules } from '../http/hardening/request-rules.ts';
import { answerOtherMethods } from '../http/hardening/method-not-allowed.ts';
import { readJsonBodies } from '../http/hardening/json-body.ts';
import { createMalformedRequestHandler } from '../http/hardening/malformed-requests.ts';
import { securityHeaders } from '../http/hardening/security-headers.ts';
import { answerInTurn } from '../http/hardening/turns.ts';
import { boundUnreadAnswers } from '../http/limits/unread-answers.ts';
import { strictValidation } from '../http/hardening/validation.ts';

export interface AdminParts {
  health: Health;
  metrics: MetricsRouteOptions['metrics'];
  /** Returns the body of `/status`. */
  status: () => object;
  profiling: ProfileRoutesOptions;
  levels: LogLevels;
  limits: ConnectionLimits;
  /** Names under which it answers, besides IP addresses and `localhost`. */
  allowedHosts: readonly string[];
  connectionEvents: ConnectionEvents;
  onUnexpectedError(error: unknown): void;
}

/** Largest request body, in bytes. Operators send very little. */
const bodyLimit = 16_384;

/** The listener for operators and probes, on a port that the public must not reach. */
export async function createAdminServer(parts: AdminParts): Promise<FastifyInstance> {
  const { health, metrics, status, profiling, levels, limits, connectionEvents, onUnexpectedError } = parts;
  const handleError = problemErrorHandler({ onUnexpectedError });
  const malformed = createMalformedRequestHandler(connectionEvents.unreadable);
  const app = fastify({
    ...limitOptions(limits),
    logger: false,
    bodyLimit,
    forceCloseConnections: true,
    schemaController: strictValidation,
    genReqId: () => randomUUID(),
    frameworkErrors: (error, request, reply) => {
      malformed.replyStarted(reply);
      handleError(error, request, reply.headers(securityHeaders).header('x-request-id', request.id));
      connectionEvents.unreadable({ requestId: request.id, status: reply.statusCode });
    },
    clientErrorHandler: malformed.handleParseError,
  });
  limitConnections(app, limits, connectionEvents);
  app.setErrorHandler(handleError);
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(securityHeaders).header('x-request-id', request.id);
    done();
  });

  malformed.trackConnections(app, answerInTurn(app.server));
  enforceRequestRules(app, { ...limits, bodyLimit });
  refuseStrangers(app, parts.allowedHosts);
  const addMethodRoutes = answerOtherMethods(app);
  answerNotFound(
    app,
    'There is no such resource. Try /livez, /readyz, /metrics, /status, /log-level, /profile/cpu or /profile/heap.',
  );

  readJsonBodies(app);

  app.get('/livez', () => ({ status: 'ok' }));

  app.get('/readyz', async (_request, reply) => {
    const readiness = await health.readiness();
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });

  app.get('/status', () => status());

  await app.register(logLevelRoute, { levels });
  // Probes answer whatever is left unread of the exports.
  await app.register(async (exports) => {
    boundUnreadAnswers(() => {}, connectionEvents.unread).bound(exports);
    await exports.register(metricsRoute, { metrics });
    await exports.register(profileRoutes, profiling);
  });

  serveProblemPages(app, { ...problems, ...adminProblems });
  addMethodRoutes();
  return app;
}
