import type { FastifyInstance, FastifyRequest } from 'fastify';
import { problems, sendProblem } from './problem-details.ts';

/** Responds to an unknown path with 404 before the body is read. Fastify alone would read the body, and may reject that. */
export function answerNotFound(app: FastifyInstance, detail: string): void {
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, problems.route_not_found, detail));
  app.addHook('onRequest', (request, reply, done) => {
    if (isUnknownPath(request)) sendProblem(reply, problems.route_not_found, detail);
    else done();
  });
}

/** Whether no route has the path. For Fastify, an empty segment is a value: `/things/` is `/things/:id` without an id. */
export function isUnknownPath({ is404, params }: FastifyRequest): boolean {
  if (is404) return true;
  const values = params as Readonly<Record<string, string>>;
  for (const name in values) if (values[name] === '' && name !== '*') return true;
  return false;
}
