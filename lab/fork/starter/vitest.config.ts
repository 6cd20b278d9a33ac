import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Tests that read files only. */
const withoutService = ['test/operations/{alerts,chart,chart-rendered,compose,dashboards}.test.ts'];

export default defineConfig({
  test: {
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Generous, because only a failing test waits this long.
    expect: { poll: { timeout: 10_000 } },
    projects: [
      {
        extends: true,
        // Property tests take seconds on a busy machine.
        test: {
          name: 'unit',
          include: ['{src,lab}/**/*.test.ts', ...withoutService],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'service',
          include: ['test/**/*.test.ts'],
          exclude: withoutService,
          globalSetup: ['test/support/postgres.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
