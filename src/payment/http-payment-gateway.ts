import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { type Dispatcher, Pool } from 'undici';
import type { CallContext, Charge, ChargeOutcome, PaymentGateway } from './payment-gateway.ts';

const chargeAnswer = Compile(
  Type.Object({
    id: Type.String({ minLength: 1, maxLength: 255 }),
    status: Type.Literal('succeeded'),
    amountMinor: Type.Integer(),
    currency: Type.String(),
  }),
);
const declinedAnswer = Compile(
  Type.Object({ status: Type.Unknown(), declineCode: Type.String({ minLength: 1, maxLength: 64 }) }),
);
const problemAnswer = Compile(Type.Object({ code: Type.String() }));

/**
 * One attempt at the gateway over HTTP, with its own time limit; never throws. An answer is believed only in the
 * documented form: anything else leaves the outcome unknown.
 */
export function createHttpPaymentGateway(options: {
  baseUrl: string;
  connections: number;
  /** Milliseconds for one attempt, connecting included. */
  attemptTimeout: number;
}): PaymentGateway & { close(): Promise<void> } {
  const { origin, pathname } = new URL(options.baseUrl);
  const basePath = pathname.replace(/\/$/, '');
  const pool = new Pool(origin, {
    connections: options.connections,
    connectTimeout: options.attemptTimeout,
    keepAliveTimeout: 30_000,
  });

  return {
    async charge(charge, context) {
      const timeLimit = Math.min(options.attemptTimeout, context.timeLimit ?? Number.POSITIVE_INFINITY);
      try {
        const answer = await pool.request({
          method: 'POST',
          path: `${basePath}/charges`,
          headers: headersOf(charge, context),
          body: JSON.stringify({
            amountMinor: charge.amountMinor,
            currency: charge.currency,
            paymentToken: charge.paymentToken,
          }),
          signal: AbortSignal.timeout(Math.ceil(timeLimit)),
        });
        return interpret(charge, answer.statusCode, retryAfterOf(answer), await answer.body.text());
      } catch (error) {
        return interpretFault(error);
      }
    },
    close: () => pool.close(),
  };
}

function headersOf(charge: Charge, context: CallContext): Record<string, string> {
  return {
    'content-type': 'application/json',
    'idempotency-key': charge.key,
    'x-request-id': context.requestId,
  };
}

function interpret(
  charge: Charge,
  status: number,
  retryAfter: number | undefined,
  text: string,
): ChargeOutcome {
  if (status >= 500)
    return { kind: 'unknown', reason: 'gateway_error', cause: new Error(`gateway answered ${status}`) };
  if (status === 429) {
    return {
      kind: 'unavailable',
      reason: 'rate_limited',
      ...(retryAfter === undefined ? {} : { retryAfter }),
    };
  }
  const body = parseJson(text);
  if (status === 200 || status === 201) {
    // A charge over another amount is not the one that was asked for: believing it would falsify the books.
    return chargeAnswer.Check(body) &&
      body.amountMinor === charge.amountMinor &&
      body.currency === charge.currency
      ? { kind: 'succeeded', paymentId: body.id }
      : malformed(status);
  }
  if (status === 402) {
    return declinedAnswer.Check(body)
      ? { kind: 'declined', declineCode: body.declineCode }
      : malformed(status);
  }
  if (status === 409 && problemAnswer.Check(body) && body.code === 'charge_cancelled')
    return { kind: 'cancelled' };
  if (status >= 400) {
    const code = problemAnswer.Check(body) ? body.code : 'no code';
    return {
      kind: 'unavailable',
      reason: 'rejected',
      cause: new Error(`gateway answered ${status} (${code})`),
    };
  }
  return malformed(status);
}

function malformed(status: number): ChargeOutcome {
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

/** Milliseconds; only the form in seconds, the one that gateways use. */
function retryAfterOf(answer: Dispatcher.ResponseData): number | undefined {
  const header = answer.headers['retry-after'];
  return typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}

/** Faults before anything was sent; after any other one the gateway may have received the request. */
const neverSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function interpretFault(error: unknown): ChargeOutcome {
  if (error instanceof Error && error.name === 'TimeoutError')
    return { kind: 'unknown', reason: 'timeout', cause: error };
  return isNeverSent(error)
    ? { kind: 'unavailable', reason: 'unreachable', cause: error }
    : { kind: 'unknown', reason: 'connection_lost', cause: error };
}

function isNeverSent(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isNeverSent);
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && neverSent.has(error.code)
  );
}
