import { type FastifyReply, type FastifyRequest, type FastifyError } from 'fastify';
import { Type } from 'typebox';
import { ServiceError } from '../errors.ts';
import { type OrderStatus, orderStatuses } from '../orders/order-state.ts';
import { scrub } from '../telemetry/scrub.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set where the request is traced. */
    traceId?: string;
  }
}

/**
 * Every error leaves the service as problem details (RFC 9457). This table is the only place where a code becomes
 * an HTTP status; codes are stable, titles are for people.
 */
export const problems = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  malformed_request: { status: 400, title: 'The request cannot be read' },
  unauthenticated: { status: 401, title: 'A valid API key is needed' },
  payment_declined: { status: 402, title: 'The payment was declined' },
  order_not_found: { status: 404, title: 'No such order' },
  route_not_found: { status: 404, title: 'No such resource' },
  method_not_allowed: { status: 405, title: 'The resource does not know this method' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  idempotency_in_progress: {
    status: 409,
    title: 'The first request under this idempotency key is still at work',
  },
  order_busy: { status: 409, title: 'The order is being worked on' },
  order_not_pending: { status: 409, title: 'The order is not pending any more' },
  order_cancelled: { status: 409, title: 'The order was cancelled' },
  payload_too_large: { status: 413, title: 'The request body is too large' },
  unsupported_media_type: { status: 415, title: 'The request body must be application/json' },
  expectation_failed: { status: 417, title: 'The service cannot meet the expectation' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key belongs to another request' },
  rate_limited: { status: 429, title: 'You send more requests than you may' },
  overloaded: { status: 429, title: 'Too many requests at the moment' },
  headers_too_large: { status: 431, title: 'The request headers are too large' },
  internal_error: { status: 500, title: 'Something went wrong on our side' },
  backlog_full: { status: 503, title: 'Too many orders wait for their payment' },
  payment_gateway_unavailable: { status: 503, title: 'The payment gateway cannot be reached' },
  database_unavailable: { status: 503, title: 'The service cannot reach its database' },
  deadline_exceeded: { status: 504, title: 'The time that the request allows was up' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;

export const problemSchema = Type.Object(
  {
    type: Type.String({ description: 'Identifies the kind of problem; stable.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What is wrong with this request, and what can be done.' }),
    code: Type.Enum(Object.keys(problems) as ProblemCode[], { description: 'Stable, for programs.' }),
    requestId: Type.String({ description: 'Also in the header x-request-id and in the logs.' }),
    traceId: Type.Optional(Type.String({ description: 'Finds the request in traces and logs.' })),
    orderId: Type.Optional(Type.String({ format: 'uuid' })),
    orderStatus: Type.Optional(Type.Enum([...orderStatuses])),
    declineCode: Type.Optional(Type.String({ description: "The gateway's reason for declining the card." })),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          in: Type.Enum(['body', 'header', 'query', 'path']),
          pointer: Type.String({
            description: 'JSON pointer (RFC 6901) to what is wrong; empty for the whole.',
          }),
          detail: Type.String(),
        }),
      ),
    ),
  },
  { $id: 'Problem', description: 'Problem details (RFC 9457).' },
);

/** What a problem may say beyond its code. */
export interface ProblemExtras {
  orderId?: string;
  orderStatus?: OrderStatus;
  declineCode?: string;
  errors?: FieldFault[];
}

export interface FieldFault {
  in: 'body' | 'header' | 'query' | 'path';
  pointer: string;
  detail: string;
}

/** A request that the HTTP edge refuses while it reads it. */
export class RequestProblem extends Error {
  override readonly name = 'RequestProblem';
  readonly code: ProblemCode;

  constructor(code: ProblemCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** Answers with problem details. */
export function sendProblem(
  reply: FastifyReply,
  code: ProblemCode,
  detail: string,
  extras: ProblemExtras = {},
): FastifyReply {
  const { status, title } = problems[code];
  return reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .send({
      type: `urn:problem:${code}`,
      title,
      status,
      detail,
      code,
      requestId: reply.request.id,
      ...(reply.request.traceId !== undefined && { traceId: reply.request.traceId }),
      ...extras,
      // What the gateway wrote may be anything.
      ...(extras.declineCode !== undefined && { declineCode: scrub(extras.declineCode) }),
    });
}

/**
 * The one place where errors become answers. `onDefect` gets those that a person must look at; what they say stays
 * inside.
 */
export function problemErrorHandler(onDefect: (error: unknown, request: FastifyRequest) => void) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (error instanceof ServiceError) {
      if (error.retryAfter !== undefined) reply.header('retry-after', error.retryAfter);
      if (error.code === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="orders"');
      return sendProblem(reply, error.code, error.message);
    }
    if (error instanceof RequestProblem) return sendProblem(reply, error.code, error.message);
    if (error.validation) {
      const faults = error.validation.slice(0, mostFaults).map((fault) => describeFault(error, fault));
      return sendProblem(reply, 'invalid_request', 'See `errors` for what to change.', { errors: faults });
    }
    const known = fastifyProblems[error.code];
    if (known) return sendProblem(reply, known.code, known.detail);
    // Whatever a library refuses as the fault of the client is none of ours.
    const { statusCode = 500 } = error;
    if (statusCode === 403 || statusCode === 404) return sendProblem(reply, 'route_not_found', seeDocs);
    if (statusCode >= 400 && statusCode < 500) {
      return sendProblem(reply, 'malformed_request', 'The request cannot be met as it is.');
    }
    onDefect(error, request);
    return sendProblem(reply, 'internal_error', 'The fault is logged under the request id.');
  };
}

export const seeDocs = 'See /docs for what there is.';

/** What Fastify itself refuses. */
const fastifyProblems: Readonly<Record<string, { code: ProblemCode; detail: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'payload_too_large', detail: 'Send a smaller body.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported_media_type',
    detail: 'Send the header `content-type: application/json`.',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'malformed_request', detail: 'The body is empty.' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'malformed_request', detail: 'The body is not valid JSON.' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'malformed_request',
    detail: 'The header `content-length` does not match the body.',
  },
  FST_ERR_BAD_URL: { code: 'malformed_request', detail: 'The URL cannot be decoded.' },
};

/** Enough to repair a request, and a bound on what a hostile one makes us write. */
const mostFaults = 20;

const places: Readonly<Record<string, FieldFault['in']>> = {
  body: 'body',
  headers: 'header',
  querystring: 'query',
  params: 'path',
};

type ValidationFault = NonNullable<FastifyError['validation']>[number];

function describeFault(error: FastifyError, fault: ValidationFault): FieldFault {
  const { missingProperty, additionalProperty, allowedValues } = fault.params;
  const member = missingProperty ?? additionalProperty;
  return {
    in: places[error.validationContext ?? 'body'] ?? 'body',
    // A name that nobody knows may be anything, too.
    pointer: scrub(
      typeof member === 'string' ? `${fault.instancePath}/${escapePointer(member)}` : fault.instancePath,
    ),
    detail: detailOf(fault, allowedValues),
  };
}

function detailOf(fault: ValidationFault, allowedValues: unknown): string {
  if (fault.keyword === 'required') return 'is missing';
  if (fault.keyword === 'additionalProperties') return 'is not known';
  if (fault.keyword === 'enum' && Array.isArray(allowedValues)) {
    return allowedValues.length <= 10
      ? `must be one of ${allowedValues.join(', ')}`
      : 'is not one of the known values';
  }
  return fault.message ?? 'is not valid';
}

/** RFC 6901, section 3. */
function escapePointer(member: string): string {
  return member.replaceAll('~', '~0').replaceAll('/', '~1');
}
