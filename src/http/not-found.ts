import type { FastifyInstance } from 'fastify';
import { problems, sendProblem } from './problem-details.ts';

/** Answers 404 to an unknown path before the body is read. Fastify alone reads the body first and rejects that. */
export function answerNotFound(app: FastifyInstance, detail: string): void {
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, problems.route_not_found, detail));
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) sendProblem(reply, problems.route_not_found, detail);
    else done();
  });
}
