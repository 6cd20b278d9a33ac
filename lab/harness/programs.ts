import { findHaProxy } from './haproxy.ts';
import { findTool } from '../../stack/native/tools.ts';
import { pathOf } from './path-of.ts';

/**
 * A program that is not an npm package. Tests that need a missing one are skipped with a notice; if CI is set, they
 * fail instead.
 */
export interface Program {
  name: string;
  /** Its package on Debian and Ubuntu. */
  package: string;
  /** Paths of the tests that need it, relative to the root. */
  tests: readonly string[];
}

export const programs: readonly Program[] = [
  {
    name: 'redis-server',
    package: 'redis-server',
    tests: [
      'test/api/orders-cache.test.ts',
      'test/limits/proxy-without-postgres.test.ts',
      'test/limits/rate-limit-shared.test.ts',
      'test/resilience/redis-faults.test.ts',
      'test/resilience/redis-unsuitable.test.ts',
      'test/resilience/restored-backup.test.ts',
      'test/operations/telemetry-names.test.ts',
    ],
  },
  {
    name: 'pgbouncer',
    package: 'pgbouncer',
    tests: ['test/resilience/postgres-pooler.test.ts', 'test/crash/pooler.test.ts'],
  },
  {
    name: 'haproxy',
    package: 'haproxy',
    tests: [
      'test/limits/proxy.test.ts',
      'test/limits/proxy-configuration.test.ts',
      'test/limits/proxy-without-postgres.test.ts',
      'test/operations/telemetry-names.test.ts',
    ],
  },
  {
    name: 'chromium',
    package: 'chromium',
    tests: [
      'test/api/openapi-document.test.ts',
      'test/console/keyboard.test.ts',
      'test/console/layout.test.ts',
      'test/console/lists.test.ts',
      'test/console/outage.test.ts',
      'test/console/overlapping-requests.test.ts',
      'test/console/page-controls.test.ts',
      'test/console/page.test.ts',
      'test/console/prometheus.test.ts',
      'test/console/reading.test.ts',
      'test/console/restarted-console.test.ts',
      'test/console/strange-metrics.test.ts',
      'test/console/strange-telemetry.test.ts',
      'test/console/surroundings.test.ts',
      'test/console/views.test.ts',
    ],
  },
  { name: 'prometheus', package: 'prometheus', tests: ['test/console/prometheus.test.ts'] },
  { name: 'script', package: 'bsdutils', tests: ['lab/fork/questions.test.ts'] },
  { name: 'openssl', package: 'openssl', tests: ['test/operations/postgres-tls.test.ts'] },
];

/** Whether a program is on the PATH, or replaced by its variable. */
export function isInstalled(name: string): boolean {
  if (name === 'redis-server' && process.env['TEST_REDIS'] === 'containers') return true;
  if (name === 'pgbouncer' && process.env['PGBOUNCER_PATH'] !== undefined) return true;
  if (name === 'haproxy') return findHaProxy() !== undefined;
  if (name === 'chromium' && process.env['CHROMIUM_PATH'] !== undefined) return true;
  if (name === 'prometheus') return findTool('prometheus') !== undefined;
  return pathOf(name) !== undefined;
}

/** The programs that are missing on this machine. None if CI is set, so that tests which need them fail. */
export function missingPrograms(): readonly Program[] {
  return process.env['CI'] === undefined ? programs.filter(({ name }) => !isInstalled(name)) : [];
}
