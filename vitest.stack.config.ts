import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Sorts the files by name: the last one stops the Collector, and the others would miss the telemetry lost meanwhile. */
class ByName extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => a.moduleId.localeCompare(b.moduleId));
  }
}

/** `npm run test:stack`: tests against the whole stack, running on this machine. Not part of `npm test`. */
export default defineConfig({
  test: {
    name: 'stack',
    include: ['test/stack/**/*.test.ts'],
    globalSetup: ['test/stack/running-stack.ts'],
    fileParallelism: false,
    sequence: { sequencer: ByName },
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
