import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatReport, isProof, runCrashes } from './random-crashes.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** About a minute; `npm run test:crash -- --rounds 1000` runs for a night. */
test.each([
  { target: 'service', replicas: 1, rounds: 8, seed: 20_261_121 },
  { target: 'service', replicas: 2, rounds: 8, seed: 42 },
  { target: 'postgres', replicas: 1, rounds: 4, seed: 7 },
] as const)(
  'the three books agree after $rounds random kills of $target with $replicas replica(s)',
  { timeout: 120_000 },
  async (drawn) => {
    const report = await runCrashes(world, { ...drawn, clients: 8 });
    expect(report.findings, formatReport(report)).toEqual([]);
    expect(report.kills).toBe(drawn.rounds);
    expect(report.orders['paid']).toBeGreaterThan(0);
    expect(report.orders['declined']).toBeGreaterThan(0);
  },
);

test.each([
  [5, 2, false],
  [0, 100, false],
  [5, 5, true],
])('%i kills with %i final answers are a proof: %s', (kills, finalAnswers, isOne) => {
  expect(isProof({ kills, finalAnswers })).toBe(isOne);
});
