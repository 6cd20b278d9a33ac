import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Runbook } from '../alert-types.ts';
import { problem } from '../../simulator/answer.ts';
import type { AlertBoard } from './alert-board.ts';

const folder = path.resolve(import.meta.dirname, '../../../docs/runbooks');

const StateQuery = Type.Object(
  { source: Type.Optional(Type.Literal('console')) },
  { additionalProperties: false },
);
const Name = Type.Object({ name: Type.String({ pattern: '^[a-z0-9-]{1,100}$' }) });

/** Objectives, alerts and runbooks, for the page. */
export function alertRoutes(board: AlertBoard): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/api/alerts', { schema: { querystring: StateQuery } }, (request) =>
      board.state(request.query.source),
    );

    // Read at each request: whoever writes a runbook sees each change.
    app.get('/api/runbooks/:name', { schema: { params: Name } }, async (request, reply) => {
      const { name } = request.params;
      const text = await readFile(path.join(folder, `${name}.md`), 'utf8').catch(() => undefined);
      if (text !== undefined) return { name, text } satisfies Runbook;
      const { status, headers, body } = problem(404, 'runbook_not_found', `docs/runbooks has no ${name}.md.`);
      return reply.code(status).headers(headers).send(body);
    });
  };
}
