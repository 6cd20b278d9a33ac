import { type Environment, namesCollector, read } from '../../src/config/environment.ts';
import { devVariables } from './variables.ts';

/** The configuration of `npm start`. */
export interface DevConfig {
  environment: 'development' | 'test' | 'production';
  /** Data folder of the embedded Postgres. */
  dataDir: string;
  /** Whether to start the console. */
  console: boolean;
  /** URL of the user's own database, if any. */
  databaseUrl: string | undefined;
  /** URL of the user's own payment gateway, if any. */
  gatewayUrl: string | undefined;
  apiKeys: string | undefined;
  /** Whether the environment names a telemetry receiver. */
  hasCollector: boolean;
  /** The environment that child processes inherit. */
  inherited: Environment;
}

/** @throws {ConfigError} listing every malformed variable */
export function loadDevConfig(env: Environment = process.env): DevConfig {
  const value = read(devVariables, env);
  return {
    environment: value.NODE_ENV,
    dataDir: value.DATA_DIR,
    console: value.CONSOLE === 'on',
    databaseUrl: env['DATABASE_URL'],
    gatewayUrl: env['PAYMENT_GATEWAY_URL'],
    apiKeys: env['API_KEYS'],
    hasCollector: namesCollector(env),
    inherited: env,
  };
}
