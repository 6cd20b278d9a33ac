import { randomInt } from 'node:crypto';
import { createCustomers } from './customers.ts';
import { seededRandom } from '../simulator/seeded-random.ts';
import { type Call, createTrafficClient } from './client.ts';
import { drawKinds, type TrafficKind, usualWeights, type Weights } from './mix.ts';

export interface TrafficOptions {
  /** Base URLs of the API, called in turn. */
  urls: readonly string[];
  apiKey: string;
  /** Average visits per second; 0 sends none until `setRate`. Some visits make two requests. */
  rate: number;
  /** Default: the usual weights. */
  weights?: Weights;
  /** The same seed draws the same visits, at different times. Default: a random seed. */
  seed?: number | undefined;
  onResult?: (result: TrafficResult) => void;
}

/** The result of one request. */
export interface TrafficResult {
  kind: TrafficKind;
  method: string;
  /** Missing if there was no answer; `failure` then says why. */
  status?: number;
  failure?: string;
  /** Milliseconds. */
  duration: number;
}

export interface Traffic {
  rate(): number;
  /** Takes effect at once. */
  setRate(rate: number): void;
  underWay(): number;
  /** Number of visits that were skipped because too many were in progress. */
  skipped(): number;
  /** Starts no more visits; resolves when those in progress have ended. */
  stop(): Promise<void>;
}

/**
 * An open-loop load generator: visits arrive in a Poisson process, however long the service takes. A slow service gets
 * no relief, so queueing shows as latency.
 *
 * @throws {RangeError} if no weight is above 0
 */
export function createTraffic({
  urls,
  apiKey,
  rate: initialRate,
  weights = usualWeights,
  seed = randomInt(2 ** 32),
  onResult = () => {},
}: TrafficOptions): Traffic {
  const nextKind = drawKinds(weights, seededRandom(seed));
  // Each visit has its own stream, so that concurrent visits do not change its draws.
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
    // Measured from when the last visit was due, not from now: a late timer must not lower the rate. But a longer stall
    // of this process is not followed by a burst.
    const gap = (-Math.log(1 - Math.random()) / rate) * 1000;
    dueAt = Math.max(dueAt, performance.now() - longestBacklog) + gap;
    nextVisit = setTimeout(visit, Math.max(0, dueAt - performance.now()));
  }

  function visit(): void {
    schedule();
    if (underWay.size >= mostUnderWay) {
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

/** Concurrent visits; a visit beyond them is skipped. */
const mostUnderWay = 200;

/** Milliseconds of a stall that are caught up. */
const longestBacklog = 1000;
