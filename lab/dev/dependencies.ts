import path from 'node:path';
import { warningsGiven } from '../../src/config/environment-warnings.ts';
import { announcedUrl, startChild } from './child.ts';
import { startEmbeddedPostgres } from './postgres/embedded-postgres.ts';
import type { DevConfig } from './config.ts';
import { bringTablesUpToDate, embeddedAt } from './tables.ts';
import type { Terminal } from './terminal.ts';

/** A dependency of the service: started here, or the user's own. */
export interface Dependency {
  url: string;
  /** Description for the banner. */
  description: string;
  /** Resolves when it has ended, with a sentence that says how. */
  ended: Promise<string>;
  stop: () => Promise<void>;
}

/** The payment gateway. The simulator also runs the network's proxies. */
export interface Gateway extends Dependency {
  /**
   * Puts a proxy in front of each address; omitted for the user's own gateway.
   *
   * @returns the addresses of the proxies, by the same names
   */
  connect?: (upstreams: Readonly<Record<string, string>>) => Promise<Readonly<Record<string, unknown>>>;
}

const provided = (url: string, description: string): Dependency => ({
  url,
  description,
  ended: new Promise(() => undefined),
  stop: () => Promise.resolve(),
});

/** With a compile cache beside the data, modules load in two thirds of the time. */
export const childEnvironment = ({ inherited, dataDir }: DevConfig): DevConfig['inherited'] => ({
  NODE_COMPILE_CACHE: path.resolve(dataDir, 'compile-cache'),
  ...inherited,
  ...warningsGiven,
});

/** PostgreSQL with the tables that the service expects. @throws {StartupError} */
export async function startDatabase(
  config: DevConfig,
  { say }: Terminal,
  signal: AbortSignal,
): Promise<Dependency> {
  if (config.databaseUrl !== undefined) {
    say('using the PostgreSQL of DATABASE_URL and bringing its tables up to date');
    await bringTablesUpToDate(config.inherited, say, signal);
    return provided(config.databaseUrl, 'the database of DATABASE_URL');
  }
  say('starting PostgreSQL 18');
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, log: say });
  try {
    signal.throwIfAborted();
    await bringTablesUpToDate({ ...config.inherited, ...embeddedAt(postgres.url) }, say, signal);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  const logFile = path.join(config.dataDir, 'postgres.log');
  return {
    url: postgres.url,
    description: path.join(config.dataDir, 'postgres'),
    ended: postgres.ended.then(() => `PostgreSQL has ended. Its log is ${logFile}.`),
    stop: postgres.stop,
  };
}

/** The payment gateway. @throws {StartupError} */
export async function startGateway(
  config: DevConfig,
  { say, showLogLine }: Terminal,
  env: DevConfig['inherited'],
  signal: AbortSignal,
): Promise<Gateway> {
  if (config.gatewayUrl !== undefined) return provided(config.gatewayUrl, 'as set in PAYMENT_GATEWAY_URL');
  say('starting the payment gateway simulator');
  const child = await startChild({
    name: 'The payment gateway simulator',
    args: [path.resolve(import.meta.dirname, '../simulator/main.ts')],
    env,
    onLine: showLogLine,
    signal,
  });
  return {
    url: announcedUrl(child, 'url'),
    description: 'a simulator; its page tells how to break it',
    ended: child.ended,
    stop: child.stop,
    connect: (upstreams) => child.ask({ type: 'connect', upstreams }),
  };
}
