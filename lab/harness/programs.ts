import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/**
 * Programs that are no npm packages. What needs one is not run where it is missing, and says so; where CI is set, a
 * missing program is a failure.
 */
export interface Program {
  name: string;
  /** How it is had on Debian and Ubuntu. */
  package: string;
  /** Names, relative to the root, of the tests that are nothing without it. */
  tests: readonly string[];
}

const programs: readonly Program[] = [
  {
    name: 'redis-server',
    package: 'redis-server',
    tests: [
      'test/api/orders-cache.test.ts',
      'test/limits/rate-limit-shared.test.ts',
      'test/resilience/redis-faults.test.ts',
      'test/operations/telemetry-names.test.ts',
    ],
  },
  {
    name: 'chromium',
    package: 'chromium',
    tests: ['test/console/page.test.ts', 'test/console/story.test.ts'],
  },
];

/** By its name, or by the variable that stands for it. */
export function isThere(name: string): boolean {
  if (name === 'redis-server' && process.env['TEST_REDIS'] === 'containers') return true;
  if (name === 'chromium' && process.env['CHROMIUM_PATH'] !== undefined) return true;
  return (process.env['PATH'] ?? '').split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Those that this run does without. */
export function missingPrograms(): readonly Program[] {
  return process.env['CI'] === undefined ? programs.filter(({ name }) => !isThere(name)) : [];
}
