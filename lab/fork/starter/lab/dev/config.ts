import { demoApiKey } from '../../src/config/config.ts';
import {
  ConfigError,
  type Environment,
  namesCollector,
  oneOf,
  read,
  text,
} from '../../src/config/environment.ts';
import { faultsOf } from '../../src/config/faults-of.ts';
import { loadersOfChildren } from './child-configs.ts';

export const devVariables = {
  NODE_ENV: oneOf(['development', 'test', 'production'], {
    default: 'development',
    meaning: 'with `production`, nothing embedded starts, and `npm start` is `npm run serve`',
  }),
  DATA_DIR: text({ default: '.data', meaning: 'folder in which the embedded Postgres keeps its data' }),
  CONSOLE: oneOf(['on', 'off'], {
    default: 'on',
    meaning: 'with `off`, `npm start` starts no console, and telemetry goes to your Collector or nowhere',
  }),
} as const;

/** The configuration of `npm start`. */
export interface DevConfig {
  environment: 'development' | 'test' | 'production';
  /** Data folder of the embedded Postgres. */
  dataDir: string;
  /** Whether to start the console. */
  console: boolean;
  /** URL of the user's own database, if any. */
  databaseUrl: string | undefined;
  /** URL of the user's own dependency, if any. */
  upstreamUrl: string | undefined;
  apiKeys: string | undefined;
  /** Whether the environment names a telemetry receiver. */
  hasCollector: boolean;
  /** The environment that child processes inherit. */
  inherited: Environment;
}

/** What the service is given if the user has not set it. The addresses stand for those that are not known yet. */
export const standIns = {
  DATABASE_URL: 'postgres://embedded',
  UPSTREAM_URL: 'http://simulator',
  API_KEYS: `${demoApiKey.client}:${demoApiKey.key}`,
};

/** @throws {ConfigError} listing every malformed variable, those of the programs that will be started too */
export function loadDevConfig(env: Environment = process.env): DevConfig {
  const readOwn = () => read(devVariables, env);
  const faults = faultsOf([readOwn, ...loadersOfChildren({ ...standIns, ...env })]);
  if (faults.length > 0) throw new ConfigError(faults);
  const value = readOwn();
  return {
    environment: value.NODE_ENV,
    dataDir: value.DATA_DIR,
    console: value.CONSOLE === 'on',
    databaseUrl: env['DATABASE_URL'],
    upstreamUrl: env['UPSTREAM_URL'],
    apiKeys: env['API_KEYS'],
    hasCollector: namesCollector(env),
    inherited: env,
  };
}
