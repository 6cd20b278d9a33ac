import { loadConfig, loadMigrationConfig } from '../../src/config/config.ts';
import type { Environment } from '../../src/config/environment.ts';
import { loadTelemetryConfig } from '../../src/config/telemetry-config.ts';
import { loadConsoleConfig } from '../console/config.ts';
import { loadSimulatorConfig } from '../simulator/config.ts';

/** What loads the configuration of each program that `npm start` starts with this environment. */
export function loadersOfChildren(env: Environment): Array<() => unknown> {
  // The service, which then runs alone, checks its own.
  if (env['NODE_ENV'] === 'production') return [];
  return [
    () => loadConfig(env),
    () => loadTelemetryConfig(env),
    () => loadMigrationConfig(env),
    () => loadSimulatorConfig(env),
    ...(env['CONSOLE'] === 'off' ? [] : [() => loadConsoleConfig(env)]),
  ];
}
