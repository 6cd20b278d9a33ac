import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { type Deadline, deadlineIn, noDeadline } from '../resilience/deadline.ts';
import { problems, seeErrors, sendProblem } from './problem-details.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** When the client stops waiting for the response. */
    deadline: Deadline;
  }
}

const name = 'x-request-timeout-ms';
/** Milliseconds. Longer than any request takes. */
const longest = 60_000;

/** The header in the schema of every operation, for the OpenAPI document. */
export const timeoutHeader = {
  [name]: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: longest,
      description:
        'How long you wait for the response, in milliseconds. Work that cannot finish in time is not started, and work in flight is cut short.',
    }),
  ),
};

/**
 * Reads how long the client waits, before any work starts. Schemas are validated only after the body is read, so this
 * hook checks the header itself, by the same rule.
 */
export function readDeadlines(scope: FastifyInstance): void {
  scope.decorateRequest('deadline');
  scope.addHook('onRequest', (request, reply, done) => {
    const given = request.headers[name];
    if (given === undefined) request.deadline = noDeadline;
    else {
      const milliseconds = typeof given === 'string' && /^\d{1,5}$/.test(given) ? Number(given) : 0;
      if (milliseconds < 1 || milliseconds > longest) {
        const detail = `must be a whole number from 1 to ${longest}`;
        sendProblem(reply, problems.invalid_request, seeErrors, {
          errors: [{ in: 'header', pointer: `/${name}`, detail }],
        });
        return;
      }
      request.deadline = deadlineIn(milliseconds);
    }
    done();
  });
}
