import { randomInt } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { seededRandom } from './seeded-random.ts';

/** What a user can break, and how the simulator then decides what goes wrong with one request. */

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

/** Every knob with its default; rates are shares of the requests, from 0 to 1. */
export const FaultSettings = Type.Object(
  {
    latencyMs: milliseconds(0, 'every request takes this much longer'),
    latencyJitterMs: milliseconds(0, 'and up to this much on top, evenly distributed'),
    unauthorizedRate: rate('401, as after a key was rotated; nothing is charged'),
    rateLimitRate: rate('429 with Retry-After; nothing is charged'),
    retryAfterSeconds: Type.Integer({
      minimum: 0,
      maximum: 3600,
      default: 1,
      description: 'the Retry-After of those',
      expected: 'a whole number from 0 to 3600',
    }),
    errorRate: rate('500; nothing is charged'),
    resetRate: rate('the connection drops; half of them have charged before, half have not'),
    timeoutRate: rate('no answer, ever; nothing is charged'),
    declineRate: rate('the card is declined'),
    malformedRate: rate('charged, but the answer is a 200 nobody can read: broken JSON or another form'),
    slowSuccessRate: rate('charged, but the answer comes slowSuccessDelayMs later'),
    slowSuccessDelayMs: milliseconds(5000, 'the delay of those; longer than a caller should wait'),
    seed: Type.Union([Type.Integer({ minimum: 0, maximum: largestSeed }), Type.Null()], {
      default: null,
      description: 'the same seed and the same order of requests draw the same faults; null draws anew',
      expected: `a whole number from 0 to ${largestSeed}, or null`,
    }),
  },
  { additionalProperties: false, expected: 'a JSON object' },
);
export type FaultSettings = Static<typeof FaultSettings>;

const noFaults: Readonly<FaultSettings> = Value.Create(FaultSettings);

/** What goes wrong with one request. `carriedOut` tells whether the request takes effect all the same. */
export type Fault =
  | { kind: 'none' }
  | { kind: 'unauthorized' }
  | { kind: 'rate_limit'; retryAfterSeconds: number }
  | { kind: 'error' }
  | { kind: 'reset'; carriedOut: boolean }
  | { kind: 'timeout' }
  | { kind: 'decline' }
  | { kind: 'malformed'; validJson: boolean }
  | { kind: 'slow_success'; delayMs: number };

export interface Draw {
  latencyMs: number;
  fault: Fault;
}

/** `charge` can meet every fault, `cancel` none that is about a card or about the form of a charge. */
export type Operation = 'charge' | 'cancel';

/**
 * Holds the settings and draws by them. Every draw takes ten numbers from the stream, one per line of `dice`,
 * whichever knobs are on and whatever is asked for. So with a seed, the same requests are hit by `errorRate`
 * whether or not there is latency as well.
 */
export function createFaults() {
  let settings: Readonly<FaultSettings> = noFaults;
  let random = seededRandom(randomInt(largestSeed));

  return {
    get settings() {
      return settings;
    },

    /** Puts these settings in force, defaults where they are silent, and starts their sequence from the beginning. */
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

/** Where several faults hit the same request, the first one here wins: in the order a request would meet them. */
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
