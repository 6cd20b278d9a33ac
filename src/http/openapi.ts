import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { problemSchema, type ProblemType, type ProblemVocabulary, problems } from './problem-details.ts';
import { pagePolicy } from './hardening/security-headers.ts';
import { type OpenApiDocument, referencePage, referenceStyles } from './reference-page.ts';

export interface DocumentInfo {
  title: string;
  /** Version of the service. */
  version: string;
  /** As in package.json: one that is no SPDX expression, such as `UNLICENSED`, grants nothing, and the document has none. */
  license: string | undefined;
  description: string;
  /** Groups of operations. */
  tags: Array<{ name: string; description: string }>;
  /** The API key in the examples of the reference page. */
  exampleKey: string;
}

/**
 * Serves the OpenAPI 3.1 document of every route that is added later, and a reference page for it.
 *
 * @param bound bounds what clients leave unread of the documents
 */
export async function serveOpenApi(
  app: FastifyInstance,
  { tags, exampleKey, license = 'UNLICENSED', ...info }: DocumentInfo,
  vocabulary: ProblemVocabulary,
  bound: (scope: FastifyInstance) => void,
): Promise<void> {
  app.addSchema(problemSchema(vocabulary));
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { ...info, ...(isExpression(license) && { license: { name: license, identifier: license } }) },
      servers: [{ url: '/' }],
      tags,
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
  await app.register(async (documents) => {
    bound(documents);
    let document: string | undefined;
    documents.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
      document ??= JSON.stringify(app.swagger());
      return reply.type('application/json').send(document);
    });
    let page: string | undefined;
    documents.get('/docs', { schema: { hide: true } }, async (_request, reply) => {
      page ??= referencePage(app.swagger() as OpenApiDocument, exampleKey);
      return reply.headers(pagePolicy).type('text/html; charset=utf-8').send(page);
    });
    documents.get('/docs/reference.css', { schema: { hide: true } }, async (_request, reply) =>
      reply.type('text/css; charset=utf-8').send(referenceStyles),
    );
  });
}

/** @see https://docs.npmjs.com/cli/v11/configuring-npm/package-json#license */
const isExpression = (license: string) => !/^(?:UNLICENSED|SEE LICENSE IN .*)$/i.test(license);

/**
 * A response for the `responses` of an operation.
 *
 * @param body the schema of its body, or the id of one
 */
export function jsonResponse(
  body: string | TSchema,
  description: string,
  headers: object = responseHeaders,
): object {
  const schema = typeof body === 'string' ? Type.Ref(body) : body;
  return { description, headers, content: { 'application/json': { schema } } };
}

/** The problems that every operation can respond with. */
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
  problems.outcome_unknown,
  problems.service_unavailable,
  problems.database_unavailable,
  problems.deadline_exceeded,
];

/** The `responses` of an operation: its own problems and those of every operation. */
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
  const headers: Record<string, object> = { ...responseHeaders };
  if (status === 401) headers['www-authenticate'] = { type: 'string' };
  if (status === 405) headers['allow'] = { type: 'string' };
  if (status === 415) {
    headers['accept'] = { type: 'string', description: 'The media type to send.' };
    headers['accept-encoding'] = {
      type: 'string',
      description: 'The content coding to send, after one that is not supported.',
    };
  }
  if (status === 409 || status === 429 || status === 502 || status === 503) {
    headers['retry-after'] = { type: 'integer', description: 'Seconds to wait before the next attempt.' };
  }
  return headers;
}

/** Headers of every response to an authenticated client. */
const responseHeaders = {
  'x-request-id': {
    type: 'string',
    description: 'The id of the request: the one it came with, or a new one.',
  },
  traceparent: {
    type: 'string',
    description: 'The trace of the request (W3C Trace Context). Missing while the service makes no traces.',
    example: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  },
  'ratelimit-policy': {
    type: 'string',
    pattern: '^"client";q=\\d+;w=\\d+$',
    description:
      'The rate limit: `q` requests in `w` seconds (draft-ietf-httpapi-ratelimit-headers-11). Missing without a limit.',
    example: '"client";q=1000;w=10',
  },
  ratelimit: {
    type: 'string',
    pattern: '^"client";r=\\d+;t=\\d+$',
    description: 'The rest of the rate limit: `r` requests in the next `t` seconds.',
    example: '"client";r=999;t=10',
  },
};

/** The headers of the response to an operation that creates something once per idempotency key. */
export const createdHeaders = {
  ...responseHeaders,
  location: { type: 'string' },
  'idempotency-replayed': { type: 'string', const: 'true' },
};
