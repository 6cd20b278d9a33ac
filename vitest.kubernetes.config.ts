import { defineConfig } from 'vitest/config';

/** Tests of the Helm chart, which test/kubernetes/run.ts starts. Not part of `npm test`: they need `helm` and, for most, a cluster. */
export default defineConfig({
  test: {
    name: 'kubernetes',
    include: ['test/kubernetes/**/*.test.ts'],
    fileParallelism: false,
    // Controllers look every few seconds, the autoscaler every 15.
    expect: { poll: { timeout: 120_000, interval: 250 } },
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
