import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { Profiler, ProfileOutcome } from '../telemetry/profiler.ts';

export interface ProfileRoutesOptions {
  profiler: Profiler;
  /** When false, every route responds with 403 and names the variable to set. */
  enabled: boolean;
}

const defaultSeconds = 10;
const lengthQuery = Type.Object(
  { seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 60 })) },
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
    else refuse(reply, 'profiling_disabled', 'Set PROFILING=on and restart the service.');
  });

  app.post('/profile/cpu', { schema: { querystring: lengthQuery } }, async (request, reply) => {
    const { seconds = defaultSeconds } = request.query;
    return sendProfile(reply, 'cpu', await profiler.cpu(seconds, request.signal));
  });

  app.post('/profile/heap', { schema: { querystring: lengthQuery } }, async (request, reply) => {
    const { seconds = defaultSeconds } = request.query;
    return sendProfile(reply, 'heap', await profiler.heap(seconds, request.signal));
  });
};

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
      return refuse(
        reply.header('retry-after', outcome.secondsLeft),
        'profile_in_progress',
        `It ends in ${outcome.secondsLeft} s, or as soon as its client hangs up. Try again then.`,
      );
    case 'abandoned':
      // The client has gone.
      return reply.hijack();
  }
}

/** The OpenAPI document leaves these problems out: it is for clients, and clients cannot reach this listener. */
const refusals = {
  profiling_disabled: { status: 403, title: 'Profiling disabled' },
  profile_in_progress: { status: 409, title: 'Profile in progress' },
} as const;

function refuse(reply: FastifyReply, code: keyof typeof refusals, detail: string): FastifyReply {
  return reply
    .code(refusals[code].status)
    .header('content-type', 'application/problem+json')
    .send({ type: `urn:problem:${code}`, ...refusals[code], detail, code, requestId: reply.request.id });
}
