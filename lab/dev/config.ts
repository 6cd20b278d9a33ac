import { type Environment, namesCollector, read } from '../../src/config/environment.ts';
import { devVariables } from './variables.ts';

/** What `npm start` decides by. */
export interface DevConfig {
  environment: 'development' | 'test' | 'production';
  /** Folder of the embedded Postgres. */
  dataDir: string;
  /** Whether the console starts too. */
  console: boolean;
  /** Set where the user brings a database. */
  databaseUrl: string | undefined;
  /** Set where the user brings a payment gateway. */
  gatewayUrl: string | undefined;
  apiKeys: string | undefined;
  /** Whether the environment names a receiver of telemetry. */
  hasCollector: boolean;
  /** The environment that child processes start from. */
  inherited: Environment;
}

/** @throws {ConfigError} when a variable is malformed; all faults at once */
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
