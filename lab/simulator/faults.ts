import { randomInt } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { seededRandom } from './seeded-random.ts';

/** The faults that a user can set, and how the simulator draws the fault of one request. */

const largestSeed = 2 ** 32 - 1;

const rate = (description: string) =>
  Type.Number({ minimum: 0, maximum: 1, default: 0, description, expected: 'a number from 0 to 1' });

const milliseconds = (initial: number, description: string) =>
  Type.Integer({
    minimum: 0,
    maximum: 60_000,
    default: initial,
    description,
    expected: 'a whole number from 0 to 60000',
  });

/** Every setting with its default; rates are shares of the requests, from 0 to 1. */
export const FaultSettings = Type.Object(
  {
    latencyMs: milliseconds(0, 'added latency of every request'),
    latencyJitterMs: milliseconds(0, 'maximum random latency on top, evenly distributed'),
    unauthorizedRate: rate('401, as after a key rotation; nothing is charged'),
    rateLimitRate: rate('429 with Retry-After; nothing is charged'),
    retryAfterSeconds: Type.Integer({
      minimum: 0,
      maximum: 3600,
      default: 1,
      description: 'Retry-After of the 429 answers, in seconds',
      expected: 'a whole number from 0 to 3600',
    }),
    errorRate: rate('500; nothing is charged'),
    resetRate: rate('the connection drops, half of the time after the charge, half of the time before'),
    timeoutRate: rate('no answer, ever; nothing is charged'),
    declineRate: rate('the card is declined'),
    malformedRate: rate('charged, but the 200 answer is unreadable: broken JSON or an unexpected shape'),
    slowSuccessRate: rate('charged, but the answer arrives slowSuccessDelayMs later'),
    slowSuccessDelayMs: milliseconds(5000, 'delay of slow successes; longer than a caller should wait'),
    seed: Type.Union([Type.Integer({ minimum: 0, maximum: largestSeed }), Type.Null()], {
      default: null,
      description:
        'the same seed and the same order of requests draw the same faults; null picks a random seed',
      expected: `a whole number from 0 to ${largestSeed}, or null`,
    }),
  },
  { additionalProperties: false, expected: 'a JSON object' },
);
export type FaultSettings = Static<typeof FaultSettings>;

const noFaults: Readonly<FaultSettings> = Value.Create(FaultSettings);

/** The fault of one request. `carriedOut` says whether the request takes effect all the same. */
export type Fault =
  | { kind: 'none' }
  | { kind: 'unauthorized' }
  | { kind: 'rate_limit'; retryAfterSeconds: number }
  | { kind: 'error' }
  /** The request itself is not accepted. */
  | { kind: 'refused'; code: string }
  | { kind: 'reset'; carriedOut: boolean }
  | { kind: 'timeout' }
  | { kind: 'decline' }
  | { kind: 'malformed'; validJson: boolean }
  | { kind: 'slow_success'; delayMs: number };

export interface Draw {
  latencyMs: number;
  fault: Fault;
}

/** Every fault applies to `charge`; `cancel` is never declined or malformed. */
export type Operation = 'charge' | 'cancel';

/**
 * Holds the settings and draws a fault per request. Every draw takes ten numbers from the stream, one per line of
 * `dice`, whatever the settings and the operation. So with a seed, `errorRate` hits the same requests with or without
 * latency.
 */
export function createFaults() {
  let settings: Readonly<FaultSettings> = noFaults;
  let random = seededRandom(randomInt(largestSeed));

  return {
    get settings() {
      return settings;
    },

    /** Applies these settings, with defaults for the rest, and restarts the random sequence. */
    replace(next: Readonly<Partial<FaultSettings>>): void {
      settings = { ...noFaults, ...next };
      random = seededRandom(settings.seed ?? randomInt(largestSeed));
    },

    draw(operation: Operation): Draw {
      const dice = {
        jitter: random(),
        unauthorized: random(),
        rateLimit: random(),
        error: random(),
        reset: random(),
        timeout: random(),
        decline: random(),
        malformed: random(),
        slowSuccess: random(),
        variant: random(),
      };
      return {
        latencyMs: settings.latencyMs + Math.floor(dice.jitter * (settings.latencyJitterMs + 1)),
        fault: firstHit(settings, dice, operation),
      };
    },
  };
}

export type Faults = ReturnType<typeof createFaults>;

type Die =
  | 'unauthorized'
  | 'rateLimit'
  | 'error'
  | 'reset'
  | 'timeout'
  | 'decline'
  | 'malformed'
  | 'slowSuccess'
  | 'variant';

/** If several faults hit the same request, the first one here wins, in the order in which a request meets them. */
function firstHit(
  settings: Readonly<FaultSettings>,
  dice: Readonly<Record<Die, number>>,
  operation: Operation,
): Fault {
  const { retryAfterSeconds, slowSuccessDelayMs } = settings;
  const heads = dice.variant < 0.5;
  if (dice.unauthorized < settings.unauthorizedRate) return { kind: 'unauthorized' };
  if (dice.rateLimit < settings.rateLimitRate) return { kind: 'rate_limit', retryAfterSeconds };
  if (dice.error < settings.errorRate) return { kind: 'error' };
  if (dice.reset < settings.resetRate) return { kind: 'reset', carriedOut: heads };
  if (dice.timeout < settings.timeoutRate) return { kind: 'timeout' };
  if (operation === 'charge') {
    if (dice.decline < settings.declineRate) return { kind: 'decline' };
    if (dice.malformed < settings.malformedRate) return { kind: 'malformed', validJson: heads };
  }
  if (dice.slowSuccess < settings.slowSuccessRate)
    return { kind: 'slow_success', delayMs: slowSuccessDelayMs };
  return { kind: 'none' };
}
