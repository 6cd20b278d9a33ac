import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { logLevels, type LogLevels } from '../telemetry/logging/log-levels.ts';

const change = Type.Object(
  {
    level: Type.Enum([...logLevels]),
    component: Type.Optional(Type.String()),
    /** At most a day: a lasting change belongs in LOG_LEVEL. */
    minutes: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1440 })),
  },
  { additionalProperties: false },
);

/** Admin routes that read the log levels and change them, for some minutes or until the process ends. */
export const logLevelRoute: FastifyPluginAsyncTypebox<{ levels: LogLevels }> = async (app, { levels }) => {
  app.get('/log-level', () => levels.current());

  app.put('/log-level', { schema: { body: change } }, (request) => {
    levels.set(request.body);
    return levels.current();
  });
};
