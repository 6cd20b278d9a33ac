import { randomUUID } from 'node:crypto';
import fastify, { type FastifyInstance } from 'fastify';
import {
  type ConnectionEvents,
  type ConnectionLimits,
  limitConnections,
  limitOptions,
} from '../http/hardening/connection-limits.ts';
import type { Health } from '../health.ts';
import type { LogLevels } from '../telemetry/logging/log-levels.ts';
import { logLevelRoute } from './log-level-route.ts';
import { answerNotFound } from '../http/not-found.ts';
import { problemErrorHandler } from '../http/problem-details.ts';
import { profileRoutes, type ProfileRoutesOptions } from './profile-routes.ts';
import { enforceRequestRules } from '../http/hardening/request-rules.ts';
import { createSocketRefusals } from '../http/hardening/malformed-requests.ts';
import { strictValidation } from '../http/hardening/validation.ts';

export interface AdminParts {
  health: Health;
  metrics: { contentType: string; render(): Promise<string> };
  /** The body of `/status`. */
  status: () => object;
  profiling: ProfileRoutesOptions;
  levels: LogLevels;
  limits: ConnectionLimits;
  connectionEvents: ConnectionEvents;
  onUnexpectedError(error: unknown): void;
}

/** Bytes. Operators send next to nothing. */
const bodyLimit = 16_384;

/** The listener for operators and machines, on a port of its own that is not meant for the public. */
export function createAdminServer(parts: AdminParts): FastifyInstance {
  const { health, metrics, status, profiling, levels, limits, connectionEvents, onUnexpectedError } = parts;
  const handleError = problemErrorHandler(onUnexpectedError);
  const { clientErrorHandler, watch, begun } = createSocketRefusals(connectionEvents.unreadable);
  const app = fastify({
    ...limitOptions(limits),
    logger: false,
    bodyLimit,
    forceCloseConnections: true,
    schemaController: strictValidation,
    genReqId: () => randomUUID(),
    frameworkErrors: (error, request, reply) => {
      begun(reply);
      handleError(error, request, reply.header('x-request-id', request.id));
      connectionEvents.unreadable({ requestId: request.id, status: reply.statusCode });
    },
    clientErrorHandler,
  });
  limitConnections(app, limits, connectionEvents);
  app.setErrorHandler(handleError);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });

  watch(app);
  enforceRequestRules(app, { ...limits, bodyLimit });
  answerNotFound(app, 'There are /livez, /readyz, /metrics, /status, /log-level and /profile.');

  app.get('/livez', () => ({ status: 'ok' }));

  app.get('/readyz', async (_request, reply) => {
    const readiness = await health.readiness();
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });

  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.render()),
  );

  app.get('/status', () => status());

  void app.register(logLevelRoute, { levels });
  void app.register(profileRoutes, profiling);

  return app;
}
