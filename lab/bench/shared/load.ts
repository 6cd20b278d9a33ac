import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'undici';
import { BenchFailure } from './failure.ts';

export const apiKey = 'bench-key-that-nobody-else-has';

export const sampleOrder = {
  customerId: 'cus_42',
  currency: 'EUR',
  items: [
    { sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 },
    { sku: 'POT-007', quantity: 1, unitPriceMinor: 2900 },
  ],
  paymentToken: 'tok_visa',
};

export interface Load {
  requests: number;
  seconds: number;
  /** Milliseconds, ascending. */
  latencies: number[];
}

/**
 * Places orders over a number of connections, in a closed loop or at a given rate. Every request is awaited at the end, so
 * that the orders in the database can be compared with the answers.
 */
export class Customers implements AsyncDisposable {
  readonly #clients: Client[];
  readonly #signal: AbortSignal;
  readonly #nextBody: () => string;
  readonly #pauseWhenShed: number | undefined;
  #turn = 0;

  /**
   * @param nextBody the JSON of the next order; by default always the same, so that only the service varies
   * @param pauseWhenShed milliseconds until an order that was answered 429 is placed again; by default that is a failure
   */
  constructor(
    url: string,
    connections: number,
    signal: AbortSignal,
    nextBody: () => string = () => sameBody,
    pauseWhenShed?: number,
  ) {
    this.#clients = Array.from({ length: connections }, () => new Client(url));
    this.#signal = signal;
    this.#nextBody = nextBody;
    this.#pauseWhenShed = pauseWhenShed;
  }

  /**
   * @param rate total orders a second. By default each connection sends its next order as soon as one is answered
   * @throws {BenchFailure} if an order is not answered with 201
   */
  async order(seconds: number, rate = Number.POSITIVE_INFINITY): Promise<Load> {
    const latencies: number[] = [];
    const startedAt = performance.now();
    const end = startedAt + seconds * 1000;
    const failed = new AbortController();
    const stop = AbortSignal.any([failed.signal, this.#signal]);
    let begun = 0;
    const nextTurn = async (): Promise<boolean> => {
      const early = startedAt + (begun++ / rate) * 1000 - performance.now();
      if (early > 0) await delay(early);
      return performance.now() < end && !stop.aborted;
    };

    await Promise.all(
      this.#clients.map(async (client) => {
        try {
          while (await nextTurn()) latencies.push(await this.#place(client));
        } catch (error) {
          failed.abort();
          throw error;
        }
      }),
    );
    this.#signal.throwIfAborted();
    return {
      requests: latencies.length,
      seconds: (performance.now() - startedAt) / 1000,
      latencies: latencies.toSorted((a, b) => a - b),
    };
  }

  /** Places one order over the next connection in turn. Resolves with its latency in milliseconds. */
  one(): Promise<number> {
    const client = this.#clients[this.#turn++ % this.#clients.length];
    if (client === undefined) throw new BenchFailure('There is no connection.');
    return this.#place(client);
  }

  /** Resolves with the latency in milliseconds, without that of answers of 429. */
  async #place(client: Client): Promise<number> {
    const body = this.#nextBody();
    while (true) {
      const latency = await placeOrder(client, body, this.#pauseWhenShed !== undefined);
      if (latency !== undefined) return latency;
      await delay(this.#pauseWhenShed, undefined, { signal: this.#signal });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}

const sameBody = JSON.stringify(sampleOrder);

/**
 * Resolves with the latency in milliseconds, or with `undefined` if the order was shed and may be. It dispatches the request
 * itself: `client.request` makes a stream for each answer, and the load shares the cores with what is measured.
 */
function placeOrder(client: Client, body: string, mayBeShed: boolean): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const startedAt = performance.now();
  let status = 0;
  let complaint = '';
  client.dispatch(
    {
      method: 'POST',
      path: '/orders',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${apiKey}`,
        'idempotency-key': randomUUID(),
      },
      body,
    },
    {
      onRequestStart() {},
      onResponseStart(_controller, statusCode) {
        status = statusCode;
      },
      onResponseData(_controller, chunk) {
        if (status !== 201) complaint += chunk.toString();
      },
      onResponseEnd() {
        if (status === 201) resolve(performance.now() - startedAt);
        else if (status === 429 && mayBeShed) resolve(undefined);
        else reject(new BenchFailure(`An order was answered ${status}: ${complaint}`));
      },
      onResponseError(_controller, error) {
        reject(error);
      },
    },
  );
  return promise;
}
