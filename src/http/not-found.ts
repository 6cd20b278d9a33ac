import type { FastifyInstance } from 'fastify';
import { problems, sendProblem } from './problem-details.ts';

/** Responds to an unknown path with 404 before the body is read. Fastify alone would read the body, and may reject that. */
export function answerNotFound(app: FastifyInstance, detail: string): void {
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, problems.route_not_found, detail));
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) sendProblem(reply, problems.route_not_found, detail);
    else done();
  });
}
