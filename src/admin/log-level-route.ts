import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import {
  expectedLogFilter,
  knownLogComponents,
  logComponents,
  parseLogFilter,
} from '../config/log-filter.ts';
import { problems, seeErrors, sendProblem } from '../http/problem-details.ts';
import type { LogLevels } from '../telemetry/logging/log-levels.ts';

const change = Type.Object(
  {
    /** In the grammar of LOG_LEVEL. */
    level: Type.String({ maxLength: 1000 }),
    component: Type.Optional(Type.String()),
    /** At most a day: a lasting change belongs in LOG_LEVEL. */
    minutes: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1440 })),
  },
  { additionalProperties: false },
);

/** Admin routes that read the log levels and change them, for some minutes or until the process ends. */
export const logLevelRoute: FastifyPluginAsyncTypebox<{ levels: LogLevels }> = async (app, { levels }) => {
  app.get('/log-level', () => levels.current());

  app.put('/log-level', { schema: { body: change } }, (request, reply) => {
    const { level: text, component, minutes } = request.body;
    const parsed = parseLogFilter(text);
    if (parsed.kind !== 'filter') return refuse(reply, faults[parsed.kind]);
    const { filter } = parsed;
    if (component === undefined) {
      levels.apply(filter, minutes);
      return levels.current();
    }
    const { level, components } = filter;
    if (level === undefined || Object.keys(components).length > 0) return refuse(reply, faults.several);
    const known = logComponents.find((each) => each === component);
    if (known === undefined) return refuse(reply, faults.unknown_component, '/component');
    levels.set({ level, component: known, ...(minutes !== undefined && { minutes }) });
    return levels.current();
  });
};

/** They do not repeat what was sent, because a response never quotes input. */
const faults = {
  malformed: `must be ${expectedLogFilter}`,
  unknown_component: `names a component that does not exist. ${knownLogComponents}`,
  several: 'must be one level, because `component` is given',
};

function refuse(reply: FastifyReply, detail: string, pointer = '/level'): FastifyReply {
  const errors = [{ in: 'body' as const, pointer, detail }];
  return sendProblem(reply, problems.invalid_request, seeErrors, { errors });
}
