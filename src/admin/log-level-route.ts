import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { logLevels, type LogLevels } from '../telemetry/logging/log-levels.ts';

const change = Type.Object(
  {
    level: Type.Enum([...logLevels]),
    component: Type.Optional(Type.String()),
    /** A day at most: what is meant to last longer belongs into LOG_LEVEL. */
    minutes: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1440 })),
  },
  { additionalProperties: false },
);

/** For the admin listener: log levels as they are, and their change until the process ends or for some minutes. */
export const logLevelRoute: FastifyPluginAsyncTypebox<{ levels: LogLevels }> = async (app, { levels }) => {
  app.get('/log-level', () => levels.current());

  app.put('/log-level', { schema: { body: change } }, (request) => {
    levels.set(request.body);
    return levels.current();
  });
};
