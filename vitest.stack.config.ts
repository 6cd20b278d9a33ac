import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** By name: the last file takes the Collector away, and what is lost then would be missing elsewhere. */
class ByName extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => a.moduleId.localeCompare(b.moduleId));
  }
}

/** `npm run test:stack`: against the whole stack, which has to run on this machine. No part of `npm test`. */
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
