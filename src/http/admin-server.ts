import fastify, { type FastifyInstance } from 'fastify';
import type { Health } from './health.ts';

export interface AdminParts {
  health: Health;
  metrics: { contentType: string; render(): Promise<string> };
  /** The body of `/status`. */
  status: () => object;
}

/** The listener for operators and machines, on a port of its own that is not meant for the public. */
export function createAdminServer({ health, metrics, status }: AdminParts): FastifyInstance {
  const app = fastify({ logger: false, forceCloseConnections: true });

  app.get('/livez', () => ({ status: 'ok' }));

  app.get('/readyz', async (_request, reply) => {
    const readiness = await health.readiness();
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });

  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.render()),
  );

  app.get('/status', () => status());

  return app;
}
