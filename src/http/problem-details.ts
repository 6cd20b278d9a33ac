import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { ServiceError } from '../errors.ts';
import { describeFault, type FieldFault } from './field-faults.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set when the request has a trace. */
    traceId?: string;
  }
}

/** A kind of problem. Programs rely on the code, which is stable; people read the title. */
export interface ProblemType<Code extends string = string> {
  code: Code;
  status: number;
  title: string;
  /** What the client does about it: a clause without a full stop, with code in backquotes. */
  advice: string;
}

/** The address of the page about a kind of problem, for its member `type`. */
export function problemPath(code: string): string {
  return `/problems/${code}`;
}

/** Adds to each row of a table its key as the code. */
export function defineProblems<const Table extends Readonly<Record<string, Omit<ProblemType, 'code'>>>>(
  table: Table,
): { readonly [Code in keyof Table & string]: Table[Code] & ProblemType<Code> } {
  return Object.fromEntries(Object.entries(table).map(([code, row]) => [code, { code, ...row }])) as {
    readonly [Code in keyof Table & string]: Table[Code] & ProblemType<Code>;
  };
}

/**
 * The problems of the HTTP edge itself, as problem details (RFC 9457). The routes of a domain add theirs in a
 * {@link ProblemVocabulary}.
 */
export const problems = defineProblems({
  invalid_request: {
    status: 400,
    title: 'Invalid request',
    advice: 'correct the request; `errors` names each fault',
  },
  malformed_request: {
    status: 400,
    title: 'Malformed request',
    advice: 'correct the request; `detail` says what cannot be read',
  },
  unauthenticated: {
    status: 401,
    title: 'Authentication required',
    advice: 'send `authorization: Bearer <key>` with a valid key',
  },
  route_not_found: { status: 404, title: 'Not found', advice: 'see `/docs` for the routes' },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    advice: 'use a method of the header `allow`',
  },
  request_timeout: {
    status: 408,
    title: 'Request timeout',
    advice: 'repeat it: the request did not arrive in time',
  },
  payload_too_large: { status: 413, title: 'Request body too large', advice: 'send a smaller body' },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    advice: 'send `content-type: application/json` without a `content-encoding`',
  },
  expectation_failed: {
    status: 417,
    title: 'Expectation failed',
    advice: 'expect nothing but `100-continue`',
  },
  rate_limited: {
    status: 429,
    title: 'Rate limit exceeded',
    advice: 'repeat it after `retry-after`, and send fewer requests',
  },
  overloaded: {
    status: 429,
    title: 'Service overloaded',
    advice: 'repeat it with the same key after `retry-after`',
  },
  headers_too_large: {
    status: 431,
    title: 'Request headers too large',
    advice: 'send fewer or shorter headers',
  },
  internal_error: {
    status: 500,
    title: 'Internal server error',
    advice: 'report the `requestId`: a defect, whose details are in the log',
  },
  outcome_unknown: {
    status: 502,
    title: 'Outcome unknown',
    advice: 'repeat it with the same key: it may have taken effect (sent by the load balancer)',
  },
  service_unavailable: {
    status: 503,
    title: 'Service unavailable',
    advice: 'repeat it with the same key after `retry-after` (sent by the load balancer)',
  },
  database_unavailable: {
    status: 503,
    title: 'Database unavailable',
    advice: 'repeat it with the same key after `retry-after`',
  },
  deadline_exceeded: { status: 504, title: 'Deadline exceeded', advice: 'repeat it with the same key' },
});

export type ProblemCode = keyof typeof problems;

/** The problems and extension members that the routes of a domain add. */
export interface ProblemVocabulary {
  problems: Readonly<Record<string, ProblemType>>;
  /** Schemas of extension members (RFC 9457, section 3.2). */
  members: Readonly<Record<string, TSchema>>;
}

/** The members that every problem can have. */
export const commonMembers = {
  type: Type.String({
    format: 'uri-reference',
    description: 'The address of a page about this kind of problem, relative to that of the request; stable.',
    examples: ['/problems/rate_limited'],
  }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String({ description: 'What is wrong with this request, and how to fix it.' }),
  requestId: Type.String({
    description: 'The id of the request, as in the header `x-request-id` and in the logs.',
  }),
  traceId: Type.Optional(Type.String({ description: 'The id of the trace of the request.' })),
  errors: Type.Optional(
    Type.Array(
      Type.Object({
        in: Type.Enum(['body', 'header', 'query', 'path']),
        pointer: Type.String({
          description: 'JSON pointer (RFC 6901) to the invalid value; empty for the whole document.',
        }),
        detail: Type.String(),
      }),
    ),
  ),
};

/** The schema `Problem` of the OpenAPI document. */
export function problemSchema({ problems: ofRoutes, members }: ProblemVocabulary) {
  const codes = Object.keys({ ...problems, ...ofRoutes });
  const { requestId, traceId, errors, ...kindAndDetail } = commonMembers;
  // Responses have their members in this order, so the kind and the detail come first for a person who reads one.
  return Type.Object(
    {
      ...kindAndDetail,
      code: Type.Enum(codes, { description: 'Stable, for programs.' }),
      requestId,
      traceId,
      ...Object.fromEntries(Object.entries(members).map(([name, schema]) => [name, Type.Optional(schema)])),
      errors,
    },
    { $id: 'Problem', description: 'Problem details (RFC 9457).' },
  );
}

/** Extension members of one response. */
export type ProblemExtensions = Readonly<Record<string, unknown>> & { errors?: readonly FieldFault[] };

/** Refuses a request while the HTTP edge reads it. */
export class RequestProblem extends Error {
  override readonly name = 'RequestProblem';
  readonly problem: ProblemType;
  readonly headers: Readonly<Record<string, string>>;

  constructor(problem: ProblemType, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.problem = problem;
    this.headers = headers;
  }
}

/** Sends problem details. */
export function sendProblem(
  reply: FastifyReply,
  { code, status, title }: ProblemType,
  detail: string,
  extensions: ProblemExtensions = {},
): FastifyReply {
  return reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .send({
      type: problemPath(code),
      title,
      status,
      detail,
      code,
      requestId: reply.request.id,
      ...(reply.request.traceId !== undefined && { traceId: reply.request.traceId }),
      ...extensions,
    });
}

export interface ErrorHandlerOptions {
  /** Called for each error that needs an engineer. The response does not reveal its message. */
  onUnexpectedError(error: unknown): void;
}

/** The only place that turns errors into responses. */
export function problemErrorHandler({ onUnexpectedError }: ErrorHandlerOptions) {
  return (error: FastifyError | ServiceError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (error instanceof ServiceError) {
      if (error.retryAfter !== undefined) reply.header('retry-after', error.retryAfter);
      return sendProblem(reply, problems[error.code], error.message);
    }
    if (error instanceof RequestProblem)
      return sendProblem(reply.headers(error.headers), error.problem, error.message);
    if (error.validation) {
      const faults = error.validation.slice(0, mostFaults).map((fault) => describeFault(error, fault));
      return sendProblem(reply, problems.invalid_request, seeErrors, { errors: faults });
    }
    const known = fastifyProblems[error.code];
    if (known) return sendProblem(reply.headers(known.headers ?? {}), problems[known.code], known.detail);
    // Fastify and its plugins have more client errors than the table, such as those for static files.
    const { statusCode = 500 } = error;
    if (statusCode === 403 || statusCode === 404)
      return sendProblem(reply, problems.route_not_found, seeDocs);
    if (statusCode >= 400 && statusCode < 500) {
      return sendProblem(
        reply,
        problems.malformed_request,
        'The request is malformed. Correct it before you send it again.',
      );
    }
    onUnexpectedError(error);
    return sendProblem(
      reply,
      problems.internal_error,
      'The service failed unexpectedly. The error is logged under this request id.',
    );
  };
}

/** The detail of a problem that lists its faults in `errors`. */
export const seeErrors = 'The request is invalid. See `errors` for what to change.';

export const seeDocs = 'There is no such resource. See /docs for the API.';

/** For a 415 because of the media type (RFC 9110, section 15.5.16). */
export const acceptsJson = { accept: 'application/json' };

/** Errors of Fastify itself. */
const fastifyProblems: Readonly<
  Record<string, { code: ProblemCode; detail: string; headers?: Readonly<Record<string, string>> }>
> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'payload_too_large',
    detail: 'The body exceeds the size limit. Send a smaller one.',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported_media_type',
    detail: 'Send the header `content-type: application/json`.',
    headers: acceptsJson,
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: {
    code: 'malformed_request',
    detail: 'The body is empty. Send a JSON document.',
  },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'malformed_request', detail: 'The body is not valid JSON.' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'malformed_request',
    detail: 'The header `content-length` does not match the body.',
  },
  FST_ERR_BAD_URL: {
    code: 'malformed_request',
    detail: 'The URL is not valid, or not validly percent-encoded.',
  },
};

/** Enough to fix a request, and a bound on the response to a hostile one. */
const mostFaults = 20;
