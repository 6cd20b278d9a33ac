import { expect, test } from 'vitest';
import { formatReport, runCrashes } from './random-crashes.ts';
import { startWorld } from './world.ts';

/** A few seconds; `npm run test:crash -- --pooler transaction --rounds 1000` runs for a night. */
test.each([
  { pooler: 'transaction', target: 'service', rounds: 4, seed: 20_261_127 },
  { pooler: 'session', target: 'service', rounds: 2, seed: 11 },
  { pooler: 'transaction', target: 'postgres', rounds: 2, seed: 12 },
] as const)(
  'the three books agree after $rounds random kills of $target behind PgBouncer in $pooler mode',
  { timeout: 120_000 },
  async ({ pooler, ...drawn }) => {
    await using world = await startWorld({ pooler });
    const report = await runCrashes(world, { ...drawn, replicas: 1, clients: 8 });
    expect(report.findings, formatReport(report)).toEqual([]);
    expect(report.kills).toBe(drawn.rounds);
    expect(report.orders['paid']).toBeGreaterThan(0);
  },
);
