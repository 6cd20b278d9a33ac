import { setTimeout as delay } from 'node:timers/promises';
import type { Reply } from './callers.ts';
import type { World } from './world.ts';

/** What must hold, and what was seen. */
export interface Check {
  what: string;
  holds: boolean;
  seen: string;
}

export interface Experiment {
  name: string;
  /** What happens, in one sentence. */
  story: string;
  /** Sets the fault, and takes it back after these seconds. */
  disturb(world: World, seconds: number, signal: AbortSignal): Promise<void>;
  /** Besides what holds in every experiment: all is decided in the end, and the books agree. */
  judge(seen: { replies: readonly Reply[]; opened: number }): Check[];
}

/** Milliseconds: UPSTREAM_DEADLINE, and room for a slow machine. */
const longest = 3000 + 2000;

const breakerOpened = (opened: number): Check => ({
  what: 'the circuit opens',
  holds: opened > 0,
  seen: `${opened} times`,
});

const answersInTime = (replies: readonly Reply[]): Check => {
  const worst = Math.max(0, ...replies.map(({ duration }) => duration));
  return {
    what: `every answer takes less than ${longest} ms`,
    holds: worst < longest,
    seen: `${worst.toFixed(0)} ms`,
  };
};

const onlyAnswers = (replies: readonly Reply[], allowed: readonly number[]): Check => {
  const other = replies.filter(({ status }) => status === undefined || !allowed.includes(status));
  const seen = [...new Set(other.map(({ status }) => status ?? 'no answer'))].join(', ');
  return {
    what: `every answer is ${allowed.join(' or ')}`,
    holds: other.length === 0,
    seen: seen || 'no other',
  };
};

export const experiments: readonly Experiment[] = [
  {
    name: 'upstream-down',
    story: 'every call to the dependency fails',
    disturb: (world, seconds, signal) => withFaults(world, { errorRate: 1 }, seconds, signal),
    judge: ({ replies, opened }) => [
      onlyAnswers(replies, [201, 202]),
      breakerOpened(opened),
      answersInTime(replies),
    ],
  },
  {
    name: 'upstream-slow',
    story: 'every answer of the dependency is ten seconds late',
    disturb: (world, seconds, signal) => withFaults(world, { delayMs: 10_000 }, seconds, signal),
    judge: ({ replies, opened }) => [
      onlyAnswers(replies, [201, 202, 429]),
      breakerOpened(opened),
      answersInTime(replies),
    ],
  },
  {
    name: 'postgres-restart',
    story: 'PostgreSQL gets kill -9, and is away for two seconds',
    disturb: (world) => world.crashPostgres(2),
    judge: ({ replies }) => [onlyAnswers(replies, [201, 202, 429, 503, 504]), answersInTime(replies)],
  },
  {
    name: 'service-killed',
    story: 'the service gets kill -9 every three seconds, and starts again at once',
    async disturb(world, seconds, signal) {
      const end = performance.now() + seconds * 1000;
      while (performance.now() < end) {
        await world.killService();
        await delay(3000, undefined, { signal });
      }
    },
    judge: ({ replies }) => {
      const lost = replies.filter(({ status }) => status === undefined).length;
      return [{ what: 'requests are cut off', holds: lost > 0, seen: `${lost} without an answer` }];
    },
  },
];

async function withFaults(
  world: World,
  faults: Parameters<World['setFaults']>[0],
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  await world.setFaults(faults);
  try {
    await delay(seconds * 1000, undefined, { signal });
  } finally {
    await world.setFaults();
  }
}
