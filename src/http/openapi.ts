import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { problemSchema, type ProblemType, type ProblemVocabulary, problems } from './problem-details.ts';
import { sendPageSecurityHeaders } from './hardening/security-headers.ts';

/** Serves the OpenAPI 3.1 document of all routes that are added after it, and a reference page over it. */
export async function serveOpenApi(
  app: FastifyInstance,
  version: string,
  vocabulary: ProblemVocabulary,
): Promise<void> {
  app.addSchema(problemSchema(vocabulary));
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Orders',
        version,
        description: 'Places orders, charges them at a payment gateway, and tells how they stand.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer', description: 'The API key of a client.' },
        },
      },
    },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) =>
        typeof schema['$id'] === 'string' ? schema['$id'] : `schema-${index}`,
    },
  });
  await app.register(async (pages) => {
    await sendPageSecurityHeaders(pages);
    await pages.register(swaggerUi, { routePrefix: '/docs' });
  });

  let document: string | undefined;
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    document ??= JSON.stringify(app.swagger());
    return reply.type('application/json').send(document);
  });
}

/** What every path can answer with, whatever it does. */
const everywhere: readonly ProblemType[] = [
  problems.malformed_request,
  problems.unauthenticated,
  problems.method_not_allowed,
  problems.request_timeout,
  problems.expectation_failed,
  problems.rate_limited,
  problems.overloaded,
  problems.headers_too_large,
  problems.internal_error,
  problems.database_unavailable,
  problems.deadline_exceeded,
];

/** The `responses` of an operation for the problems that it can answer with, over those that all can. */
export function problemResponses(...own: readonly ProblemType[]): Record<number, object> {
  const responses: Record<number, object> = {};
  for (const [status, kinds] of Map.groupBy([...own, ...everywhere], (kind) => kind.status)) {
    responses[status] = {
      description: kinds.map(({ code, title }) => `\`${code}\`: ${title}.`).join(' '),
      content: { 'application/problem+json': { schema: Type.Ref('Problem') } },
      headers: headersOf(status),
    };
  }
  return responses;
}

function headersOf(status: number): Record<string, object> {
  const headers: Record<string, object> = { ...answerHeaders };
  if (status === 401) headers['www-authenticate'] = { type: 'string' };
  if (status === 405) headers['allow'] = { type: 'string' };
  if (status === 409 || status === 429 || status === 503) {
    headers['retry-after'] = { type: 'integer', description: 'Seconds.' };
  }
  return headers;
}

/** On every answer to a client that is known. */
export const answerHeaders = {
  'x-request-id': { type: 'string', description: 'The id that the request came with, or a new one.' },
  'ratelimit-policy': {
    type: 'string',
    pattern: '^"client";q=\\d+;w=\\d+$',
    description:
      'What the client may send: `q` requests in `w` seconds (draft-ietf-httpapi-ratelimit-headers-11). Missing where there is no limit.',
    example: '"client";q=1000;w=10',
  },
  ratelimit: {
    type: 'string',
    pattern: '^"client";r=\\d+;t=\\d+$',
    description: 'What is left of that: `r` requests in the next `t` seconds.',
    example: '"client";r=999;t=10',
  },
};
