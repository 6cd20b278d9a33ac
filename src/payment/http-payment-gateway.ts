import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { errors } from 'undici';
import type { OutgoingProxy } from '../config/outgoing-proxy.ts';
import type { Credentials } from './gateway-credentials.ts';
import { isConnectError, openConnections } from './gateway-connections.ts';
import { millisecondsOfRetryAfter } from '../resilience/retry-after.ts';
import { startTimeLimit } from '../resilience/time-limit.ts';
import type {
  CallContext,
  CancelOutcome,
  Charge,
  ChargeOutcome,
  PaymentGateway,
  Refused,
  Undecided,
} from './payment-gateway.ts';

const chargeBody = Compile(
  Type.Object({
    id: Type.String({ minLength: 1, maxLength: 255 }),
    status: Type.Literal('succeeded'),
    amountMinor: Type.Integer(),
    currency: Type.String(),
  }),
);
const declinedBody = Compile(
  Type.Object({ status: Type.Unknown(), declineCode: Type.String({ minLength: 1, maxLength: 64 }) }),
);
const cancellationBody = Compile(
  Type.Object({
    status: Type.Union([Type.Literal('cancelled'), Type.Literal('declined')]),
    declineCode: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  }),
);
const problemBody = Compile(Type.Object({ code: Type.String({ minLength: 1, maxLength: 64 }) }));

/** In bytes. A documented response has a few hundred; an endless one must not fill the memory. */
const longestResponse = 65_536;

export interface HttpPaymentGateway extends PaymentGateway {
  close(): Promise<void>;
}

/**
 * Makes one attempt per call over HTTP, with a time limit of its own; never throws. It trusts a response only in the
 * documented form: after any other response the outcome is unknown.
 */
export function createHttpPaymentGateway(options: {
  baseUrl: string;
  connections: number;
  /** Milliseconds for one attempt, connecting included, in which this process runs, unless the caller grants others. */
  attemptTimeout: number;
  /** Default: requests have no Authorization header. */
  credentials?: Credentials;
  /** Default: the gateway is reached without a proxy. */
  proxy?: OutgoingProxy | undefined;
}): HttpPaymentGateway {
  const { origin, pathname } = new URL(options.baseUrl);
  const basePath = pathname.replace(/\/$/, '');
  const gateway = openConnections(origin, {
    connections: options.connections,
    connectTimeout: options.attemptTimeout,
    longestResponse,
    proxy: options.proxy,
  });
  const { credentials } = options;

  async function post<T>(
    path: string,
    headers: Record<string, string>,
    body: string | null,
    context: CallContext,
    interpret: (response: GatewayResponse) => T,
  ): Promise<T | Undecided> {
    async function exchange(signal: AbortSignal): Promise<T | Undecided> {
      const {
        statusCode,
        headers: received,
        body: stream,
      } = await gateway.request({
        origin,
        method: 'POST',
        path: basePath + path,
        headers: { ...headers, ...credentials?.headers(), 'x-request-id': context.requestId },
        body,
        signal,
      });
      if (statusCode === 401 || statusCode === 403) credentials?.refused();
      const text = await stream.text();
      return (
        undecided(statusCode, received['retry-after']) ??
        interpret({ status: statusCode, body: parseJson(text) })
      );
    }

    const aborting = new AbortController();
    const signal = context.signal ? AbortSignal.any([aborting.signal, context.signal]) : aborting.signal;
    const { promise: timedOut, reject } = Promise.withResolvers<never>();
    const limit = startTimeLimit(
      {
        running: context.attemptTimeout ?? options.attemptTimeout,
        elapsed: context.timeLimit ?? Number.POSITIVE_INFINITY,
      },
      () => {
        const error = new TimeoutError();
        aborting.abort(error);
        // A request that still waits for a connection would notice only when it gets one.
        reject(error);
      },
    );
    try {
      return await Promise.race([exchange(signal), timedOut]);
    } catch (error) {
      return context.signal?.aborted
        ? { kind: 'unknown', reason: 'deadline', cause: error }
        : interpretFault(error);
    } finally {
      limit.clear();
    }
  }

  return {
    charge: (charge, context) =>
      post(
        '/charges',
        { 'content-type': 'application/json', 'idempotency-key': charge.key },
        JSON.stringify({
          amountMinor: charge.amountMinor,
          currency: charge.currency,
          paymentToken: charge.paymentToken,
          reference: charge.key,
        }),
        context,
        (response) => interpretCharge(charge, response),
      ),
    cancel: (key, context) =>
      post(`/charges/${encodeURIComponent(key)}/cancel`, {}, null, context, interpretCancellation),
    close: () => gateway.close(),
  };
}

interface GatewayResponse {
  status: number;
  body: unknown;
}

/** Interprets the status codes that mean the same for every operation; `undefined` for the others. */
function undecided(status: number, header: unknown): Undecided | undefined {
  // RFC 9110 defines Retry-After for 503 (section 10.2.3), RFC 6585 for 429 (section 4).
  const wait =
    (status === 429 || status === 503) && typeof header === 'string'
      ? millisecondsOfRetryAfter(header, Date.now())
      : undefined;
  const retryAfter = wait === undefined ? {} : { retryAfter: wait };
  if (status === 429) return { kind: 'unavailable', reason: 'rate_limited', ...retryAfter };
  // 408: the gateway gave up on the request before it was complete, or on a connection that it had kept open.
  if (status < 500 && status !== 408) return undefined;
  const cause = new Error(`gateway answered ${status}`);
  return { kind: 'unknown', reason: 'gateway_error', cause, ...retryAfter };
}

function interpretCharge(charge: Charge, { status, body }: GatewayResponse): ChargeOutcome {
  if (status === 200 || status === 201) {
    // A charge of another amount is not the one we requested: accepting it would falsify the books.
    return chargeBody.Check(body) &&
      body.amountMinor === charge.amountMinor &&
      body.currency === charge.currency
      ? { kind: 'succeeded', paymentId: body.id }
      : malformed(status);
  }
  if (status === 402) {
    return declinedBody.Check(body) ? { kind: 'declined', declineCode: body.declineCode } : malformed(status);
  }
  if (status === 409 && problemBody.Check(body) && body.code === 'charge_cancelled')
    return { kind: 'cancelled' };
  return refused(status, body);
}

function interpretCancellation({ status, body }: GatewayResponse): CancelOutcome {
  if (status !== 200) return refused(status, body);
  if (!cancellationBody.Check(body)) return malformed(status);
  if (body.status === 'cancelled') return { kind: 'cancelled' };
  return body.declineCode === undefined
    ? malformed(status)
    : { kind: 'declined', declineCode: body.declineCode };
}

/**
 * Statuses that say that we do not speak to the gateway as it expects, whatever we ask for: 401, 403 and 407 (who we are),
 * 404, 405, 410 and 421 (where we ask), 406, 411, 415, 426 and 431 (in which form).
 */
const aboutUs = new Set([401, 403, 404, 405, 406, 407, 410, 411, 415, 421, 426, 431]);

/** A request that was not carried out, for a reason that the status names. */
function refused(status: number, body: unknown): Refused | Undecided {
  if (status < 400 || status === 402) return malformed(status);
  const code = problemBody.Check(body) ? body.code : undefined;
  const cause = new Error(`gateway answered ${status} (${code ?? 'no code'})`);
  if (status === 409) return { kind: 'unavailable', reason: 'key_in_use', cause };
  if (aboutUs.has(status)) return { kind: 'unavailable', reason: 'rejected', cause };
  return { kind: 'refused', refusalCode: code ?? `http_${status}` };
}

function malformed(status: number): Undecided {
  return {
    kind: 'unknown',
    reason: 'malformed_answer',
    cause: new Error(`gateway answered ${status} in a form that is not documented`),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Responses that are not HTTP, or exceed a size limit. */
const unreadable = [errors.HTTPParserError, errors.HeadersOverflowError, errors.ResponseExceededMaxSizeError];

class TimeoutError extends Error {
  override readonly name = 'TimeoutError';

  constructor() {
    super('no answer within the time limit');
  }
}

function interpretFault(error: unknown): Undecided {
  if (error instanceof TimeoutError) return { kind: 'unknown', reason: 'timeout', cause: error };
  if (unreadable.some((kind) => error instanceof kind))
    return { kind: 'unknown', reason: 'malformed_answer', cause: error };
  return isConnectError(error)
    ? { kind: 'unavailable', reason: 'unreachable', cause: error }
    : { kind: 'unknown', reason: 'connection_lost', cause: error };
}
