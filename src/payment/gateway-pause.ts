import { outsideRequests } from '../async-context.ts';
import type { PaymentEvents } from './payment-gateway.ts';

/**
 * The pause that the gateway asks for with Retry-After. It concerns the gateway and not one order: no request is sent
 * until it is over, and then one alone, whose answer tells whether the others may follow.
 */
export interface GatewayPause {
  /** Milliseconds until the next request may be sent; 0 outside of a pause. */
  remaining(): number;
  /** Requests that may be sent now: any number, none during a pause, and after it one until that is answered. */
  capacity(): number;
  /** Whether a request may be sent now. If so, the caller sends it and reports its answer with `answered`, or `notSent`. */
  admit(): boolean;
  /** @param retryAfter the wait that the gateway asks for, in milliseconds; undefined if it asks for none */
  answered(retryAfter: number | undefined): void;
  /** The request that was admitted went nowhere, so the next one asks in its place whether a pause is over. */
  notSent(): void;
  /** The pause that follows when the gateway asks for this one, in milliseconds. */
  atMost(retryAfter: number): number;
  /** Pauses as long as other replicas do. */
  learn(): Promise<void>;
  close(): void;
}

/** Where replicas tell each other of a pause. Both may fail: then a replica learns of it from the gateway. */
export interface SharedPause {
  /** Milliseconds that are left of it; `undefined` if there is none, or that cannot be known. */
  remaining(): Promise<number | undefined>;
  begin(duration: number): Promise<void>;
}

export interface GatewayPauseOptions {
  /** The longest pause, in milliseconds: a mistaken header must not stop all payments for a day. With 0 there is none. */
  longest: number;
  /** Default: every replica pauses by itself. */
  shared?: SharedPause | undefined;
  events: Pick<PaymentEvents, 'paused' | 'resumed'>;
}

/** A pause that is longer by less than this is the same one, measured anew. */
const sameWithin = 500;
/** How long others wait for the answer to the first request after a pause. One that is refused is refused at once. */
const probeFor = 1000;
/** Milliseconds by which a timer may fire early. */
const earliness = 2;

export function createGatewayPause({ longest, shared, events }: GatewayPauseOptions): GatewayPause {
  /** On the clock of `performance.now()`. */
  let until = 0;
  /** `none` outside of a pause. After it, one request is sent alone. */
  let state: 'none' | 'paused' | 'probing' = 'none';
  let probedAt = 0;
  let ending: NodeJS.Timeout | undefined;

  const atMost = (asked: number) => Math.min(asked, longest);
  const remaining = () => Math.max(0, until - performance.now());

  function capacity(): number {
    if (state === 'none') return Number.POSITIVE_INFINITY;
    const now = performance.now();
    if (until > now + earliness) return 0;
    if (state === 'paused') return 1;
    return now < probedAt + probeFor ? 0 : Number.POSITIVE_INFINITY;
  }

  function begin(asked: number, learned: 'here' | 'from_replica'): void {
    const duration = atMost(asked);
    state = 'paused';
    if (duration < remaining() + sameWithin && remaining() > 0) return;
    until = performance.now() + duration;
    events.paused({ duration, isShortened: asked > duration, learned });
    clearTimeout(ending);
    ending = outsideRequests(() => setTimeout(() => events.resumed(), duration).unref());
    if (learned === 'here') void shared?.begin(duration);
  }

  return {
    remaining,
    capacity,
    admit() {
      const most = capacity();
      if (most === 0) return false;
      if (most === 1) {
        state = 'probing';
        probedAt = performance.now();
      } else state = 'none';
      return true;
    },
    answered(retryAfter = 0) {
      if (atMost(retryAfter) > 0) begin(retryAfter, 'here');
      else if (state === 'probing') state = 'none';
    },
    notSent() {
      if (state === 'probing') state = 'paused';
    },
    atMost,
    async learn() {
      const left = (await shared?.remaining()) ?? 0;
      if (atMost(left) > 0) begin(left, 'from_replica');
    },
    close: () => clearTimeout(ending),
  };
}
