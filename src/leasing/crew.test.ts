import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { type Crew, type CrewOptions, createCrew } from './crew.ts';

const crews: Crew[] = [];
afterEach(() => {
  for (const crew of crews.splice(0)) void crew.stop();
});

interface Piece {
  clientId: string;
}
const pieceOf = (clientId: string): Piece => ({ clientId });

/** A crew over `due` pieces of work, whose rounds the test ends by hand. */
function crewOf(due: number, overrides: Partial<CrewOptions<Piece>> = {}) {
  let left = due;
  const taken: number[] = [];
  const rounds: Array<PromiseWithResolvers<void>> = [];
  let givenBack = 0;
  const failures: unknown[] = [];
  const crew = createCrew({
    lanes: 2,
    batchSize: 4,
    pollInterval: 5,
    capacity: () => Number.POSITIVE_INFINITY,
    async take(limit) {
      const count = Math.min(limit, left);
      left -= count;
      taken.push(count);
      return Array.from({ length: count }, () => pieceOf('shop'));
    },
    clientOf: ({ clientId }) => clientId,
    work() {
      const round = Promise.withResolvers<void>();
      rounds.push(round);
      return round.promise;
    },
    async giveBack() {
      givenBack += 1;
    },
    onLook: (error) => error !== undefined && failures.push(error),
    onRoundFailed: (error) => failures.push(error),
    ...overrides,
  });
  /** Lets everything happen that waits for no timer. */
  const settle = async () => turn();
  crews.push(crew);
  return {
    crew,
    taken,
    rounds,
    failures,
    givenBack: () => givenBack,
    becomeDue: (count: number) => {
      left += count;
    },
    settle,
    async start() {
      crew.start();
      await settle();
    },
    async end(round: number) {
      rounds[round]?.resolve();
      await settle();
    },
  };
}

test('a crew works on as many pieces as it has lanes, and takes the next one when a lane is free', async () => {
  const crew = crewOf(3);
  await crew.start();
  expect([crew.rounds.length, crew.taken]).toEqual([2, [2]]);
  await crew.end(1);
  expect([crew.rounds.length, crew.taken]).toEqual([3, [2, 1]]);
});

test('a crew that takes ahead has pieces ready for the lanes that become free, and takes more when half a batch is left', async () => {
  const crew = crewOf(20, { ahead: true });
  await crew.start();
  expect([crew.rounds.length, crew.taken]).toEqual([2, [4, 2]]);
  await crew.end(0);
  expect([crew.rounds.length, crew.taken]).toEqual([3, [4, 2]]);
  await crew.end(1);
  expect([crew.rounds.length, crew.taken]).toEqual([4, [4, 2, 2]]);
});

test('a piece without an answer holds up its own lane only', async () => {
  const crew = crewOf(100);
  await crew.start();
  for (let round = 1; round < 50; round += 1) await crew.end(round);
  expect(crew.rounds).toHaveLength(51);
});

test('a crew takes nothing without capacity, and no more than it has in hand already', async () => {
  let capacity = 0;
  let looks = 0;
  const beforeLook = async () => {
    looks += 1;
  };
  const crew = crewOf(10, { ahead: true, capacity: () => capacity, beforeLook });
  await crew.start();
  await expect.poll(() => looks).toBeGreaterThan(2);
  expect(crew.taken).toEqual([]);
  capacity = 1;
  await expect.poll(() => crew.taken).toEqual([1]);
  crew.crew.wake();
  await crew.settle();
  expect([crew.taken, crew.rounds.length]).toEqual([[1], 1]);
  await crew.end(0);
  expect(crew.taken).toEqual([1, 1]);
});

test('a crew looks again after the poll interval', async () => {
  const crew = crewOf(0);
  await crew.start();
  crew.becomeDue(1);
  await expect.poll(() => crew.rounds).toHaveLength(1);
  await crew.end(0);
});

test('a crew waits for up to a quarter longer than the poll interval, so that replicas do not look in step', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1);
  const looks: number[] = [];
  const beforeLook = async () => void looks.push(performance.now());
  const crew = crewOf(0, { pollInterval: 80, beforeLook });
  await crew.start();
  await expect.poll(() => looks.length).toBeGreaterThan(1);
  vi.restoreAllMocks();
  // Timers may fire 1 ms early.
  expect((looks[1] ?? 0) - (looks[0] ?? 0)).toBeGreaterThanOrEqual(99);
});

test('a crew with the longest poll interval waits as well', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1);
  let looks = 0;
  const beforeLook = async () => {
    looks += 1;
  };
  const crew = crewOf(0, { pollInterval: 2 ** 31 - 1, beforeLook });
  await crew.start();
  vi.restoreAllMocks();
  const other = crewOf(0);
  await other.start();
  await expect.poll(() => other.taken.length).toBeGreaterThan(2);
  expect(looks).toBe(1);
});

test('a crew looks again at once when it is woken', async () => {
  const crew = crewOf(0, { pollInterval: 3_600_000 });
  await crew.start();
  crew.becomeDue(1);
  crew.crew.wake();
  await expect.poll(() => crew.rounds).toHaveLength(1);
  await crew.end(0);
});

test('a crew goes on after work could not be taken, or a piece of it failed', async () => {
  let broken = true;
  const crew = crewOf(2, {
    async beforeLook() {
      if (broken) throw new Error('no database');
    },
  });
  await crew.start();
  broken = false;
  await expect.poll(() => crew.rounds).toHaveLength(2);
  crew.rounds[0]?.reject(new Error('defect'));
  crew.becomeDue(1);
  await expect.poll(() => crew.rounds).toHaveLength(3);
  expect(crew.failures.map(String)).toEqual(expect.arrayContaining(['Error: no database', 'Error: defect']));
});

test('a crew that stops finishes the work in its lanes, gives the rest back meanwhile, and takes no more', async () => {
  const crew = crewOf(20, { ahead: true, lanes: 1 });
  await crew.start();
  let stopped = false;
  const stopping = crew.crew.stop().then(() => {
    stopped = true;
  });
  await crew.settle();
  expect([stopped, crew.givenBack()]).toEqual([false, 3]);
  await crew.end(0);
  await stopping;
  expect([crew.rounds.length, crew.givenBack(), crew.taken]).toEqual([1, 3, [4]]);
});

test('a lane that becomes free goes to the client that has the fewest, and not to the one whose work was first', async () => {
  const batches = [['noisy', 'noisy', 'noisy', 'noisy', 'quiet', 'noisy'].map(pieceOf)];
  const settled: string[] = [];
  const ends: Array<() => void> = [];
  const crew = crewOf(0, {
    lanes: 2,
    batchSize: 6,
    ahead: true,
    take: async () => batches.shift() ?? [],
    work: ({ clientId }) => {
      settled.push(clientId);
      return new Promise<void>((resolve) => ends.push(resolve));
    },
  });
  await crew.start();
  expect(settled).toEqual(['noisy', 'quiet']);
  for (const end of ends.splice(0)) end();
  await crew.settle();
  expect(settled).toEqual(['noisy', 'quiet', 'noisy', 'noisy']);
  for (const end of ends.splice(0)) end();
});
