import { setTimeout as delay } from 'node:timers/promises';
import { audit } from './books.ts';
import { startCallers } from './callers.ts';
import type { Check, Experiment } from './experiments.ts';
import type { World } from './world.ts';

export interface Result {
  name: string;
  checks: readonly Check[];
  bookings: number;
  /** Milliseconds of the slowest answer. */
  worst: number;
}

/** Seconds after which a wait gives up. */
const limits = { steady: 30, recovery: 60, decision: 60 };
/** Bookings in a row that are confirmed when all is well. */
const steadyBookings = 20;

const opened = 'circuit_breaker_transitions_total{breaker="upstream",from="closed",to="open"}';
const closed = 'circuit_breaker_state{breaker="upstream",state="closed"}';

/** Steady state, fault, recovery, audit. @throws an error if there is no steady state before the fault */
export async function runExperiment(
  { name, disturb, judge }: Experiment,
  world: World,
  { rate, seconds, signal }: { rate: number; seconds: number; signal: AbortSignal },
): Promise<Result> {
  const callers = startCallers(world.url, rate, signal);
  const isSteady = async (since: number): Promise<boolean> => {
    const last = callers.replies.filter(({ sentAt }) => sentAt >= since).slice(-steadyBookings);
    const isConfirmed = last.length === steadyBookings && last.every(({ status }) => status === 201);
    return isConfirmed && (await world.metric(closed)) === 1;
  };
  if (!(await until(() => isSteady(0), limits.steady, signal)))
    throw new Error(`${name}: the service is not in a steady state before the fault.`);

  const faultSet = performance.now();
  await disturb(world, seconds, signal);
  const faultCleared = performance.now();
  const hasRecovered = await until(() => isSteady(faultCleared), limits.recovery, signal);
  const recoveredAfter = (performance.now() - faultCleared) / 1000;
  const undecided = await callers.finish(limits.decision);

  const { replies } = callers;
  const during = replies.filter(({ sentAt }) => sentAt >= faultSet && sentAt < faultCleared);
  const [bookings, confirmations] = [await world.bookings(), await world.confirmations()];
  const findings = audit({ replies, bookings, confirmations });
  return {
    name,
    bookings: bookings.length,
    worst: Math.max(0, ...during.map(({ duration }) => duration)),
    checks: [
      ...judge({ replies: during, opened: await world.metric(opened) }),
      {
        what: 'it recovers by itself, and the circuit is closed',
        holds: hasRecovered,
        seen: hasRecovered ? `after ${recoveredAfter.toFixed(1)} s` : `not within ${limits.recovery} s`,
      },
      {
        what: 'every booking is decided in the end',
        holds: undecided.length === 0,
        seen: `${undecided.length} are not`,
      },
      {
        what: `each of ${new Set(replies.map(({ key }) => key)).size} keys has one booking, and is confirmed once`,
        holds: findings.length === 0,
        seen: findings.length === 0 ? 'the books agree' : findings.slice(0, 5).join('; '),
      },
    ],
  };
}

async function until(holds: () => Promise<boolean>, seconds: number, signal: AbortSignal): Promise<boolean> {
  const giveUpAt = performance.now() + seconds * 1000;
  while (performance.now() < giveUpAt) {
    // A service that is away cannot be asked.
    if (await holds().catch(() => false)) return true;
    await delay(100, undefined, { signal });
  }
  return false;
}
