import { expect, test } from 'vitest';
import { proveCrashes } from '../../test/crash/log-crashes.ts';

test('no line is lost when the process is killed, and only lines beyond the checkpoint are repeated', async () => {
  const report = await proveCrashes({ kills: 4, random: Math.random });
  expect(report).toMatchObject({ missing: 0, beforeCheckpoint: 0 });
  expect(report.lines).toBeGreaterThan(500);
}, 120_000);
