import { setTimeout as delay } from 'node:timers/promises';
import type { FinalAnswer } from './audit.ts';

/**
 * A client that follows the documentation: one idempotency key per order, and the same request again while the answer is
 * lost or retryable.
 */
export interface GoodClient {
  /** Repeats the request until an answer is final, and resolves with it. Passes every final answer to `answered`. */
  place(key: string, order: PlacedOrder): Promise<FinalAnswer | undefined>;
}

export interface PlacedOrder {
  customerId: string;
  currency: string;
  items: ReadonlyArray<{ sku: string; quantity: number; unitPriceMinor: number }>;
  paymentToken: string;
}

/** One request of a client and how it ended. */
export interface Exchange {
  at: string;
  clientId: string;
  idempotencyKey: string;
  orderId: string | undefined;
  what: string;
}

export interface GoodClientOptions {
  clientId: string;
  apiKey: string;
  /** Chooses the replica for each request. */
  url(): string;
  answered(answer: FinalAnswer): void;
  exchanged(exchange: Exchange): void;
  /** Makes the client give up. */
  signal: AbortSignal;
}

/** The mean wait before a repeat, in milliseconds. Far shorter than Retry-After, for a higher load. */
const patience = 100;

export function createGoodClient(options: GoodClientOptions): GoodClient {
  const { clientId, signal } = options;

  return {
    async place(idempotencyKey, order) {
      const note = (what: string, orderId?: string) =>
        options.exchanged({ at: new Date().toISOString(), clientId, idempotencyKey, orderId, what });
      while (!signal.aborted) {
        const answer = await send(options, idempotencyKey, order).catch((error: unknown) => {
          note(`no answer: ${describe(error)}`);
          return undefined;
        });
        const orderId = answer && orderIdIn(answer.body);
        if (answer) note(`${answer.status} ${codeIn(answer.body) ?? ''}`, orderId);
        const status = answer && (statusOf[answer.status] ?? statusOfProblem[codeIn(answer.body) ?? '']);
        if (status !== undefined && orderId !== undefined) {
          const final: FinalAnswer = {
            clientId,
            idempotencyKey,
            orderId,
            status,
            amountMinor: order.items.reduce(
              (sum, { quantity, unitPriceMinor }) => sum + quantity * unitPriceMinor,
              0,
            ),
            currency: order.currency,
          };
          options.answered(final);
          return final;
        }
        if (answer && !isWorthRepeating(answer.status)) {
          throw new Error(`unexpected answer ${answer.status}: ${JSON.stringify(answer.body)}`);
        }
        await delay(patience * (0.5 + Math.random()));
      }
      return undefined;
    },
  };
}

const statusOf: Readonly<Record<number, FinalAnswer['status']>> = {
  201: 'paid',
  202: 'pending',
  402: 'declined',
};

/** The status codes of these problems have other meanings, too. */
const statusOfProblem: Readonly<Record<string, FinalAnswer['status']>> = {
  payment_refused: 'refused',
  order_cancelled: 'cancelled',
};

function isWorthRepeating(status: number): boolean {
  return status === 409 || status === 429 || status === 503;
}

async function send({ url, apiKey }: GoodClientOptions, key: string, order: PlacedOrder) {
  const response = await fetch(`${url()}/orders`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${apiKey}`,
      'idempotency-key': key,
    },
    body: JSON.stringify(order),
    signal: AbortSignal.timeout(10_000),
  });
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> };
}

function orderIdIn({ id, orderId }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof id === 'string' ? id : typeof orderId === 'string' ? orderId : undefined;
}

function codeIn({ code, status }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof code === 'string' ? code : typeof status === 'string' ? status : undefined;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
