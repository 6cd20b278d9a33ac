import { randomInt } from 'node:crypto';
import { createCustomers } from './customers.ts';
import { seededRandom } from '../simulator/seeded-random.ts';
import { type Call, createTrafficClient } from './client.ts';
import { drawKinds, type TrafficKind, usualWeights, type Weights } from './mix.ts';

export interface TrafficOptions {
  /** Base URLs of the API, taken in turn. */
  urls: readonly string[];
  apiKey: string;
  /** Visits a second on average; 0 is none until `setRate`. A few visits make two requests. */
  rate: number;
  /** Default the usual ones. */
  weights?: Weights;
  /** The same seed draws the same visits; when they come is drawn apart. Default a new one. */
  seed?: number | undefined;
  /** Visits under way at most; one that would be more does not take place. Default 200. */
  maxUnderWay?: number;
  onResult?: (result: TrafficResult) => void;
}

/** What became of one request. */
export interface TrafficResult {
  kind: TrafficKind;
  method: string;
  /** Missing where no answer came, and then there is a failure. */
  status?: number;
  failure?: string;
  /** Milliseconds. */
  duration: number;
}

export interface Traffic {
  rate(): number;
  /** In force at once. */
  setRate(rate: number): void;
  underWay(): number;
  /** Visits that did not take place because too many were under way. */
  skipped(): number;
  /** No new visits; resolves when those under way have ended. */
  stop(): Promise<void>;
}

/**
 * Customers that come when they come (a Poisson process), however long the service takes: a service that slows down is
 * not spared, and waiting shows as waiting. That is what an open loop is for.
 *
 * @throws {RangeError} where no weight is above 0
 */
export function createTraffic({
  urls,
  apiKey,
  rate: initialRate,
  weights = usualWeights,
  seed = randomInt(2 ** 32),
  maxUnderWay = 200,
  onResult = () => {},
}: TrafficOptions): Traffic {
  const nextKind = drawKinds(weights, seededRandom(seed));
  // Each visit draws for itself, so that it is the same whichever others are under way.
  const nextSeed = seededRandom(seed);
  const customers = createCustomers();
  const client = createTrafficClient(urls, apiKey);
  const underWay = new Set<Promise<void>>();
  let rate = initialRate;
  let skipped = 0;
  let nextVisit: NodeJS.Timeout | undefined;
  let dueAt = performance.now();

  function schedule(): void {
    clearTimeout(nextVisit);
    if (rate <= 0) return;
    // From when the last one was due, not from now: a timer that fires late must not lower the rate. But whatever
    // held this process up for longer is not made good in one burst.
    const gap = (-Math.log(1 - Math.random()) / rate) * 1000;
    dueAt = Math.max(dueAt, performance.now() - longestBacklog) + gap;
    nextVisit = setTimeout(visit, Math.max(0, dueAt - performance.now()));
  }

  function visit(): void {
    schedule();
    if (underWay.size >= maxUnderWay) {
      skipped += 1;
      return;
    }
    const kind = nextKind();
    const random = seededRandom(Math.floor(nextSeed() * 2 ** 32));
    const send = async (call: Call) => {
      const reply = await client.call(call);
      const { status, failure, duration } = reply;
      onResult({
        kind,
        method: call.method,
        duration,
        ...(status !== undefined && { status }),
        ...(failure !== undefined && { failure }),
      });
      return reply;
    };
    const visiting = customers.visit(kind, { send, random }).finally(() => underWay.delete(visiting));
    underWay.add(visiting);
  }

  schedule();
  return {
    rate: () => rate,
    setRate(wanted) {
      rate = wanted;
      dueAt = performance.now();
      schedule();
    },
    underWay: () => underWay.size,
    skipped: () => skipped,
    async stop() {
      rate = 0;
      schedule();
      await Promise.allSettled(underWay);
      await client.close();
    },
  };
}

/** Milliseconds. */
const longestBacklog = 1000;
