import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { sendProblem } from '../http/problem-details.ts';
import type { Profiler, ProfileOutcome } from '../telemetry/profiler.ts';
import { adminProblems } from './admin-problems.ts';

export interface ProfileRoutesOptions {
  profiler: Profiler;
  /** When false, every route responds with 403 and names the variable to set. */
  enabled: boolean;
}

const defaultSeconds = 10;
/** The longest profile. The load balancer must wait for longer. */
export const mostSeconds = 60;
const lengthQuery = Type.Object(
  { seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: mostSeconds })) },
  { additionalProperties: false },
);

/**
 * Admin routes that profile the running process. The downloads open in Chrome DevTools. A profile ends early when its
 * client disconnects, and therefore at shutdown, when the listener drops its connections.
 */
export const profileRoutes: FastifyPluginAsyncTypebox<ProfileRoutesOptions> = async (
  app,
  { profiler, enabled },
) => {
  app.addHook('onRequest', (_request, reply, done) => {
    if (enabled) done();
    else {
      const advice = 'Set PROFILING=on and restart the service.';
      sendProblem(reply, adminProblems.profiling_disabled, advice);
    }
  });

  app.post('/profile/cpu', { schema: { querystring: lengthQuery } }, async (request, reply) => {
    const { seconds = defaultSeconds } = request.query;
    return sendProfile(reply, 'cpu', await profiler.cpu(seconds, whileClientWaits(reply)));
  });

  app.post('/profile/heap', { schema: { querystring: lengthQuery } }, async (request, reply) => {
    const { seconds = defaultSeconds } = request.query;
    return sendProfile(reply, 'heap', await profiler.heap(seconds, whileClientWaits(reply)));
  });
};

/** Aborted when the connection closes. Fastify's `request.signal` is aborted as soon as a body has been read, too. */
function whileClientWaits({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  return gone.signal;
}

function sendProfile(reply: FastifyReply, name: 'cpu' | 'heap', outcome: ProfileOutcome): FastifyReply {
  switch (outcome.kind) {
    case 'taken': {
      // The basic format of ISO 8601: a colon is not allowed in file names everywhere.
      const takenAt = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
      return reply
        .type('application/json')
        .header('content-disposition', `attachment; filename="${name}-${takenAt}.${name}profile"`)
        .send(JSON.stringify(outcome.profile));
    }
    case 'busy':
      return sendProblem(
        reply.header('retry-after', outcome.secondsLeft),
        adminProblems.profile_in_progress,
        `It ends in ${outcome.secondsLeft} s, or as soon as its client hangs up. Try again then.`,
      );
    case 'abandoned':
      // The client has gone.
      return reply.hijack();
  }
}
