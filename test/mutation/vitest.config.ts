import { defineConfig } from 'vitest/config';

/** The tests that run for every mutant: those of the mutated folders, which need no process and take milliseconds. */
export default defineConfig({
  test: {
    include: [
      'src/{admission,batching,http/idempotency,leasing,orders,payment,resilience,upstream}/**/*.test.ts',
      'test/orders/*.test.ts',
    ],
    setupFiles: ['test/mutation/few-runs.ts'],
  },
});
