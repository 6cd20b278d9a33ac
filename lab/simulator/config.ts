import { type Environment, namesCollector, read } from '../../src/config/environment.ts';
import { simulatorVariables } from './variables.ts';

export interface SimulatorConfig {
  host: string;
  port: number;
  /** Maximum number of charges in the ledger; `undefined` keeps all. */
  ledgerCapacity: number | undefined;
  /** Names under which it answers, besides IP addresses and `localhost`. */
  allowedHosts: string[];
  logLevel: string;
  /** Whether the environment names a telemetry receiver. */
  hasCollector: boolean;
}

/** @throws {ConfigError} listing every malformed variable */
export function loadSimulatorConfig(env: Environment = process.env): SimulatorConfig {
  const value = read(simulatorVariables, env);
  return {
    host: value.HOST,
    port: value.SIMULATOR_PORT,
    ledgerCapacity: value.SIMULATOR_LEDGER_MAX,
    allowedHosts: value.SIMULATOR_ALLOWED_HOSTS ?? [],
    // It has no components, and may share the variable with the service.
    logLevel: value.LOG_LEVEL.level ?? 'info',
    hasCollector: namesCollector(env),
  };
}
