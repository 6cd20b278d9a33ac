import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { fullJitter } from '../../src/resilience/backoff.ts';
import { seededRandom } from '../simulator/seeded-random.ts';
import type { FinalAnswer } from '../audit/audit.ts';
import type { PlacedOrder } from '../audit/good-client.ts';
import { drawOrder } from '../audit/orders.ts';
import type { Answer } from './experiment.ts';

/** The outcome of one request. Times by `performance.now()`. */
export interface Reply {
  /** `others` are clients that are noisy, place poison orders or guess keys. */
  from: 'customers' | 'surge' | 'others';
  sentAt: number;
  /** Milliseconds. */
  duration: number;
  answer: Answer;
}

/** An order that a customer wants to place, and its final answer. */
export interface Visit {
  key: string;
  goodCard: boolean;
  /** Whether the customer repeats the request until it is answered. */
  patient: boolean;
  answer?: FinalAnswer;
}

export interface CustomersOptions {
  /** The replicas that a load balancer would choose from. Called before each request. */
  urls(): readonly string[];
  /** Orders a second on average. */
  rate: number;
  seed: number;
  /** Prefix of every idempotency key, which identifies the orders of this run. */
  run: string;
  apiKeys: { shop: string; pos: string };
  patient: boolean;
  onReply(reply: Reply): void;
}

export interface Customers {
  visits: readonly Visit[];
  answers: readonly FinalAnswer[];
  /** Adds customers who never retry, as orders a second. 0 ends the surge. */
  surge(rate: number): void;
  /** Sends requests of another client at this rate. Resolves once the signal has fired and all are answered. */
  sendOthers(perSecond: number, call: OtherCall, signal: AbortSignal): Promise<void>;
  /** Stops new arrivals. Resolves once those in flight are answered, or after `patience` milliseconds. */
  close(patience: number): Promise<void>;
}

export interface OtherCall {
  path: string;
  apiKey: string;
  /** The order to place. Default: the call is a GET. */
  order?(): PlacedOrder;
}

/** Milliseconds after which a customer hangs up. */
const deadline = 10_000;
const backoff = { base: 400, floor: 100, cap: 4000 };
const statusOf: Readonly<Record<string, FinalAnswer['status']>> = {
  201: 'paid',
  202: 'pending',
  402: 'declined',
};
const goodCards = new Set(['tok_visa', 'tok_mastercard']);

/**
 * Customers arrive in a Poisson process, independent of how long the service takes, and behave as the API documentation
 * asks: one idempotency key per order, and the same request again while the answer is lost or retryable.
 */
export function startCustomers(options: CustomersOptions): Customers {
  const agent = new Agent({
    connections: 2000,
    keepAliveTimeout: 4000,
    headersTimeout: deadline,
    allowH2: false,
  });
  const random = seededRandom(options.seed);
  const visits: Visit[] = [];
  const answers: FinalAnswer[] = [];
  const inFlight = new Set<Promise<void>>();
  const givingUp = new AbortController();

  function visit(from: 'customers' | 'surge'): void {
    const order = drawOrder(random);
    const own: Visit = {
      key: `${options.run}-${visits.length}`,
      goodCard: goodCards.has(order.paymentToken),
      patient: from === 'customers' && options.patient,
    };
    visits.push(own);
    const clientId = random() < 0.5 ? 'shop' : 'pos';
    const visiting = place(from, own, clientId, order).finally(() => inFlight.delete(visiting));
    inFlight.add(visiting);
  }

  async function place(
    from: 'customers' | 'surge',
    own: Visit,
    clientId: 'shop' | 'pos',
    order: PlacedOrder,
  ): Promise<void> {
    for (let attempt = 1; !givingUp.signal.aborted; attempt += 1) {
      const { answer, orderId } = await send(from, '/orders', options.apiKeys[clientId], own.key, order);
      const status = statusOf[answer];
      if (status !== undefined && orderId !== undefined) {
        own.answer = {
          clientId,
          idempotencyKey: own.key,
          orderId,
          status,
          amountMinor: order.items.reduce((sum, item) => sum + item.quantity * item.unitPriceMinor, 0),
          currency: order.currency,
        };
        answers.push(own.answer);
        return;
      }
      if (!own.patient || !isWorthRepeating(answer)) return;
      await delay(fullJitter(attempt, backoff), undefined, { signal: givingUp.signal }).catch(() => {});
    }
  }

  async function send(from: Reply['from'], path: string, apiKey: string, key?: string, body?: object) {
    const urls = options.urls();
    const url = urls[Math.floor(Math.random() * urls.length)] ?? '';
    const sentAt = performance.now();
    const { answer, orderId } = await exchange(`${url}${path}`, agent, apiKey, key, body);
    options.onReply({ from, sentAt, duration: performance.now() - sentAt, answer });
    return { answer, orderId };
  }

  const usual = startArrivals(() => visit('customers'));
  const more = startArrivals(() => visit('surge'));
  usual.setRate(options.rate);
  return {
    visits,
    answers,
    surge: more.setRate,
    async sendOthers(perSecond, { path, apiKey, order }, signal) {
      const others = new Set<Promise<unknown>>();
      const arrivals = startArrivals(() => {
        const sending = send('others', path, apiKey, undefined, order?.()).finally(() =>
          others.delete(sending),
        );
        others.add(sending);
      });
      arrivals.setRate(perSecond);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      arrivals.setRate(0);
      await Promise.all(others);
    },
    async close(patience) {
      usual.setRate(0);
      more.setRate(0);
      const giveUp = setTimeout(() => {
        givingUp.abort();
        void agent.destroy();
      }, patience);
      await Promise.all(inFlight);
      clearTimeout(giveUp);
      if (!agent.destroyed) await agent.destroy();
    },
  };
}

/** Milliseconds. After a stall of this process, arrivals older than this are not made up for. */
const longestBacklog = 500;

function startArrivals(arrive: () => void): { setRate(perSecond: number): void } {
  let rate = 0;
  let timer: NodeJS.Timeout | undefined;
  let dueAt = 0;

  function schedule(): void {
    clearTimeout(timer);
    if (rate <= 0) return;
    const gap = (-Math.log(1 - Math.random()) / rate) * 1000;
    dueAt = Math.max(dueAt, performance.now() - longestBacklog) + gap;
    timer = setTimeout(
      () => {
        schedule();
        arrive();
      },
      Math.max(0, dueAt - performance.now()),
    );
  }

  return {
    setRate(perSecond) {
      rate = perSecond;
      dueAt = performance.now();
      schedule();
    },
  };
}

/** Sends one request and reduces the response to an {@link Answer}. */
async function exchange(url: string, agent: Agent, apiKey: string, key?: string, body?: object) {
  try {
    const response = await request(url, {
      method: body ? 'POST' : 'GET',
      dispatcher: agent,
      signal: AbortSignal.timeout(deadline),
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      body: body ? JSON.stringify(body) : null,
    });
    const content = (await response.body.json()) as Readonly<Record<string, unknown>>;
    const { code, id, orderId } = content;
    const isOrder = response.statusCode === 402 || typeof code !== 'string';
    return {
      answer: isOrder ? String(response.statusCode) : `${response.statusCode} ${code}`,
      orderId: typeof id === 'string' ? id : typeof orderId === 'string' ? orderId : undefined,
    };
  } catch {
    return { answer: 'no answer', orderId: undefined };
  }
}

function isWorthRepeating(answer: Answer): boolean {
  return answer === 'no answer' || /^(409|429|503) /.test(answer);
}
