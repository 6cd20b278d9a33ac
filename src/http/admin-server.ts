import { randomUUID } from 'node:crypto';
import fastify, { type FastifyInstance } from 'fastify';
import type { Health } from './health.ts';
import type { LogLevels } from '../telemetry/log-levels.ts';
import { logLevelRoute } from './log-level-route.ts';
import { problemErrorHandler, sendProblem } from './problem-details.ts';
import { profileRoutes, type ProfileRoutesOptions } from './profile-routes.ts';
import { strictValidation } from './validation.ts';

export interface AdminParts {
  health: Health;
  metrics: { contentType: string; render(): Promise<string> };
  /** The body of `/status`. */
  status: () => object;
  profiling: ProfileRoutesOptions;
  levels: LogLevels;
  onDefect(error: unknown): void;
}

/** The listener for operators and machines, on a port of its own that is not meant for the public. */
export function createAdminServer(parts: AdminParts): FastifyInstance {
  const { health, metrics, status, profiling, levels, onDefect } = parts;
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    schemaController: strictValidation,
    genReqId: () => randomUUID(),
  });
  app.setErrorHandler(problemErrorHandler(onDefect));
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(
      reply,
      'route_not_found',
      'There are /livez, /readyz, /metrics, /status, /log-level and /profile.',
    ),
  );
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });

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
