import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { missingPrograms } from './lab/harness/programs.ts';

/** Tests that need no service: they read files (rules, dashboards, the stack's configuration) or call single parts. */
const withoutService = [
  'test/operations/{alerts,chaos-catalogue,chart,command-lines,compose,compose-variants,console-queries,dashboards,dev-container,docs,healthcheck,house,image,link-node,panel-values,provisioning,readme,scaling,supply-chain}.test.ts',
  'test/telemetry/unit/*.test.ts',
  'test/mutation/*.test.ts',
  'test/fork/*.test.ts',
  'test/orders/*.test.ts',
];

const missing = missingPrograms();
for (const program of missing) {
  process.stderr.write(
    `Not run: ${program.tests.join(', ')}, because ${program.name} is not on the PATH (apt-get install ${program.package}).\n`,
  );
}

export default defineConfig({
  test: {
    // Vitest leaves one processor free, so where there are two it would run one file after the other, although a file often
    // waits: for a process to start, for a timeout, for a lease to end. On two, three at a time take a fifth less than two.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    // Vitest's default is a second, for which a busy machine can stop a process. Only a failing test waits this long.
    expect: { poll: { timeout: 10_000 } },
    coverage: {
      // In the same run as the tests, because a second run would take minutes.
      enabled: process.env['CI'] !== undefined,
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/**/*.test.ts'],
      reporter: ['text', 'html', 'json-summary'],
      thresholds: {
        'src/orders/**': { lines: 90, branches: 90 },
        'src/payment/**': { lines: 90, branches: 90 },
      },
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{src,lab,grafana}/**/*.test.ts', ...withoutService],
          // It runs in a fork.
          exclude: ['lab/fork/starter/**'],
          // Property tests take seconds on a busy machine.
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'service',
          include: ['test/**/*.test.ts'],
          // The tests of the stack need programs that npm does not bring: `npm run test:stack`.
          exclude: [
            ...withoutService,
            'test/stack/**',
            'test/kubernetes/**',
            ...missing.flatMap(({ tests }) => tests),
          ],
          globalSetup: ['test/support/processes/postgres-for-tests.ts'],
          // Generous, because the machine runs several services at once.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
