import { Writable } from 'node:stream';
import { type Config, loadConfig } from '../../../src/config/config.ts';
import { createDomain, type DomainOverrides } from '../../../src/domain.ts';
import { createService } from '../../../src/service.ts';
import { startSimulator } from '../../../lab/simulator/server.ts';
import { createLogger } from '../../../src/telemetry/logging/logger.ts';
import { type ApiClient, createApiClient } from '../clients/api-client.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { createGatewayControl, type GatewayControl } from '../../../lab/harness/gateway-control.ts';
import { noLimits } from '../clients/settings.ts';

export interface Replica extends AsyncDisposable {
  url: string;
  adminUrl: string;
  /** Sends requests as the client `shop`. */
  api: ApiClient;
  /** Sends requests as the client `pos`. */
  otherApi: ApiClient;
  config: Config;
  /** The log so far, one object per line. */
  logs: Array<Record<string, unknown>>;
  close(): Promise<void>;
}

export type SpawnedService = Replica & Surroundings;

export interface SpawnOptions {
  /** Whether the database has been migrated. Default true. */
  migrated?: boolean;
}

/** Environment variables that differ from the tests' defaults. */
type Environment = Record<string, string>;

/** Spawns the real service on free ports, with its own database and a payment gateway simulator over HTTP. */
export async function spawnService(
  env: Environment = {},
  options: SpawnOptions = {},
): Promise<SpawnedService> {
  await using started = new AsyncDisposableStack();
  const surroundings = started.use(await spawnSurroundings(options));
  const replica = started.use(await spawnReplica(surroundings, env));

  const owned = started.move();
  const close = () => owned.disposeAsync();
  return { ...replica, ...surroundings, close, [Symbol.asyncDispose]: close };
}

export interface Surroundings extends AsyncDisposable {
  gateway: GatewayControl;
  database: TestDatabase;
}

/** Creates the database and the gateway that the service depends on. */
export async function spawnSurroundings(options: Pick<SpawnOptions, 'migrated'> = {}): Promise<Surroundings> {
  await using started = new AsyncDisposableStack();
  const database = await createTestDatabase(options);
  started.defer(() => database.drop());
  const logger = createLogger({ service: 'payment-gateway-simulator', level: 'silent' });
  const simulator = await startSimulator({ host: '127.0.0.1', port: 0, logger });
  started.defer(() => simulator.close());

  const owned = started.move();
  return {
    gateway: createGatewayControl(simulator.url),
    database,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Spawns another instance of the service with the same database and gateway. */
export async function spawnReplica(
  { database, gateway }: { database: Pick<TestDatabase, 'url'>; gateway: Pick<GatewayControl, 'url'> },
  env: Environment = {},
  overrides: DomainOverrides = {},
): Promise<Replica> {
  const config = loadConfig({ ...serviceEnvironment(database.url, gateway.url), ...env });
  const logs: Replica['logs'] = [];
  const logger = createLogger({ service: 'orders', level: config.logLevel, destination: collect(logs) });
  const service = await createService(config, { logger }, (parts) => createDomain(parts, overrides));
  const close = () => service.close();
  return {
    url: service.url,
    adminUrl: service.adminUrl,
    api: await createApiClient(service.url, 'shop-key'),
    otherApi: await createApiClient(service.url, 'pos-key'),
    config,
    logs,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The environment of a service under test, in this process or in one of its own. */
export function serviceEnvironment(databaseUrl: string, gatewayUrl: string): Environment {
  return {
    NODE_ENV: 'test',
    PORT: '0',
    ADMIN_PORT: '0',
    DATABASE_URL: databaseUrl,
    PAYMENT_GATEWAY_URL: gatewayUrl,
    API_KEYS: 'shop:shop-key,pos:pos-key',
    LOG_LEVEL: 'debug',
    ...noLimits,
  };
}

function collect(logs: Replica['logs']): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().trimEnd().split('\n')) {
        logs.push(JSON.parse(line) as Record<string, unknown>);
      }
      done();
    },
  });
}
