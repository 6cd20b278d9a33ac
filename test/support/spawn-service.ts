import { Writable } from 'node:stream';
import { type Config, loadConfig } from '../../src/config.ts';
import { createService } from '../../src/service.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { createGatewayControl, type GatewayControl } from './gateway-control.ts';

export interface SpawnedService {
  url: string;
  adminUrl: string;
  /** Calls as the client `shop`. */
  api: ApiClient;
  /** Calls as the client `pos`. */
  otherApi: ApiClient;
  gateway: GatewayControl;
  database: TestDatabase;
  config: Config;
  /** The log so far, one object per line. */
  logs: Array<Record<string, unknown>>;
  close(): Promise<void>;
}

/**
 * The real service on free ports, with a database of its own and a payment gateway simulator over HTTP.
 *
 * @param env variables that differ from the defaults, as an operator would set them
 */
export async function spawnService(env: Record<string, string> = {}): Promise<SpawnedService> {
  const closers: Array<() => Promise<unknown>> = [];
  const close = async () => {
    for (const each of closers.toReversed()) await each();
  };
  try {
    const database = await createTestDatabase();
    closers.push(() => database.drop());
    const simulator = await startSimulator({
      host: '127.0.0.1',
      port: 0,
      logger: createLogger({ service: 'payment-gateway-simulator', level: 'silent' }),
    });
    closers.push(() => simulator.close());

    const config = loadConfig({
      NODE_ENV: 'test',
      PORT: '0',
      ADMIN_PORT: '0',
      DATABASE_URL: database.url,
      PAYMENT_GATEWAY_URL: simulator.url,
      API_KEYS: 'shop:shop-key,pos:pos-key',
      LOG_LEVEL: 'debug',
      ...env,
    });
    const logs: SpawnedService['logs'] = [];
    const logger = createLogger({ service: 'orders', level: config.logLevel, destination: collect(logs) });
    const service = await createService(config, logger);
    closers.push(() => service.close());
    return {
      url: service.url,
      adminUrl: service.adminUrl,
      api: await createApiClient(service.url, 'shop-key'),
      otherApi: await createApiClient(service.url, 'pos-key'),
      gateway: createGatewayControl(simulator.url),
      database,
      config,
      logs,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function collect(logs: SpawnedService['logs']): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().trimEnd().split('\n')) {
        logs.push(JSON.parse(line) as Record<string, unknown>);
      }
      done();
    },
  });
}
