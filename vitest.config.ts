import { defineConfig } from 'vitest/config';
import { missingPrograms } from './lab/harness/programs.ts';

/** Tests of what is only read (rules, dashboards, the stack's files) and of single parts. They need no service. */
const withoutService = [
  'test/operations/{alerts,chaos-catalogue,compose,dashboards,dev-container,house,image,readme,supply-chain}.test.ts',
  'test/telemetry/unit/*.test.ts',
];

const missing = missingPrograms();
for (const program of missing) {
  process.stderr.write(
    `Not run: ${program.tests.join(', ')}, because ${program.name} is not on the PATH (apt-get install ${program.package}).\n`,
  );
}

export default defineConfig({
  test: {
    coverage: {
      // Measured in the same run as all else: the suite takes minutes.
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
      { extends: true, test: { name: 'unit', include: ['{src,lab}/**/*.test.ts', ...withoutService] } },
      {
        extends: true,
        test: {
          name: 'service',
          include: ['test/**/*.test.ts'],
          // Those of the stack need programs that are no npm packages: `npm run test:stack`.
          exclude: [...withoutService, 'test/stack/**', ...missing.flatMap(({ tests }) => tests)],
          globalSetup: ['test/support/processes/postgres-for-tests.ts'],
          // For a machine that runs several services at once: what is awaited is there much sooner, or never.
          expect: { poll: { timeout: 10_000 } },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
