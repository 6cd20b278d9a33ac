import { Type } from 'typebox';
import type { OutgoingProxy } from '../config/outgoing-proxy.ts';
import type { Credentials } from './gateway-credentials.ts';
import { millisecondsOfRetryAfter } from '../resilience/retry-after.ts';
import { shapeOf } from '../shapes.ts';
import { type Answer, createHttpDependency, type Fault } from '../upstream/exchange.ts';
import type {
  CallContext,
  CancelOutcome,
  Charge,
  ChargeOutcome,
  PaymentGateway,
  Refused,
  Undecided,
} from './payment-gateway.ts';

const isCharge = shapeOf(
  Type.Object({
    id: Type.String({ minLength: 1, maxLength: 255 }),
    status: Type.Literal('succeeded'),
    amountMinor: Type.Integer(),
    currency: Type.String(),
  }),
);
const isDeclined = shapeOf(
  Type.Object({ status: Type.Unknown(), declineCode: Type.String({ minLength: 1, maxLength: 64 }) }),
);
const isCancellation = shapeOf(
  Type.Object({
    status: Type.Union([Type.Literal('cancelled'), Type.Literal('declined')]),
    declineCode: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  }),
);
const isProblem = shapeOf(Type.Object({ code: Type.String({ minLength: 1, maxLength: 64 }) }));

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
  const gateway = createHttpDependency(options);
  const { credentials } = options;

  async function post<T>(
    path: string,
    headers: Record<string, string>,
    body: string | null,
    { requestId, attemptTimeout, timeLimit, signal }: CallContext,
    interpret: (answer: Answer) => T,
  ): Promise<T | Undecided> {
    const result = await gateway.post(
      { path, headers: { ...headers, ...credentials?.headers(), 'x-request-id': requestId }, body },
      { running: attemptTimeout, elapsed: timeLimit, signal },
    );
    if (result.status === 401 || result.status === 403) credentials?.refused();
    if (result.kind === 'fault') return undecidedBy(result);
    return undecided(result.status, result.headers['retry-after']) ?? interpret(result);
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
        (answer) => interpretCharge(charge, answer),
      ),
    cancel: (key, context) =>
      post(`/charges/${encodeURIComponent(key)}/cancel`, {}, null, context, interpretCancellation),
    close: () => gateway.close(),
  };
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

function interpretCharge(charge: Charge, { status, body }: Answer): ChargeOutcome {
  if (status === 200 || status === 201) {
    // A charge of another amount is not the one we requested: accepting it would falsify the books.
    return isCharge(body) && body.amountMinor === charge.amountMinor && body.currency === charge.currency
      ? { kind: 'succeeded', paymentId: body.id }
      : malformed(status);
  }
  if (status === 402) {
    return isDeclined(body) ? { kind: 'declined', declineCode: body.declineCode } : malformed(status);
  }
  if (status === 409 && isProblem(body) && body.code === 'charge_cancelled') return { kind: 'cancelled' };
  return refused(status, body);
}

function interpretCancellation({ status, body }: Answer): CancelOutcome {
  if (status !== 200) return refused(status, body);
  if (!isCancellation(body)) return malformed(status);
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
  const code = isProblem(body) ? body.code : undefined;
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

function undecidedBy({ reason, cause }: Fault): Undecided {
  if (reason === 'unreachable') return { kind: 'unavailable', reason, cause };
  return { kind: 'unknown', reason: reason === 'cut_off' ? 'deadline' : reason, cause };
}
