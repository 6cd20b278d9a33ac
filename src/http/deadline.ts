import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { type Deadline, deadlineIn, noDeadline } from '../resilience/deadline.ts';
import { problems, sendProblem } from './problem-details.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Until when the client waits for the answer. */
    deadline: Deadline;
  }
}

const name = 'x-request-timeout-ms';
/** Milliseconds. Longer than anything here takes. */
const longest = 60_000;

/** For the headers of every operation: what the client allows, as the document shows it. */
export const timeoutHeader = {
  [name]: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: longest,
      description:
        'Milliseconds that you wait for the answer. Work that you would not wait for is not begun, and what is at work is cut short.',
    }),
  ),
};

/**
 * Reads how long a client waits, before anything is done for it. It is too early for the schema of the route, which is
 * the same and there for the document.
 */
export function readDeadlines(scope: FastifyInstance): void {
  scope.decorateRequest('deadline');
  scope.addHook('onRequest', (request, reply, done) => {
    const given = request.headers[name];
    if (given === undefined) request.deadline = noDeadline;
    else {
      const milliseconds = typeof given === 'string' && /^\d{1,5}$/.test(given) ? Number(given) : 0;
      if (milliseconds < 1 || milliseconds > longest) {
        sendProblem(reply, problems.invalid_request, 'See `errors` for what to change.', {
          errors: [
            { in: 'header', pointer: `/${name}`, detail: `must be a whole number from 1 to ${longest}` },
          ],
        });
        return;
      }
      request.deadline = deadlineIn(milliseconds);
    }
    done();
  });
}
