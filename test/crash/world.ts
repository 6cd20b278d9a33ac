import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Pool } from 'pg';
import { startEmbeddedPostgres } from '../../lab/dev/postgres/embedded-postgres.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { startSimulator } from '../../lab/simulator/server.ts';
import { createLogger } from '../../src/telemetry/logging/logger.ts';
import { createGatewayControl, type GatewayControl } from '../../lab/harness/gateway-control.ts';
import type { StoredOrder } from '../../lab/audit/audit.ts';

/** The state that outlives a crash of the service: a Postgres, which can be killed too, and a gateway with its ledger. */
export interface World extends AsyncDisposable {
  databaseUrl: string;
  gateway: GatewayControl;
  sql(text: string): Promise<StoredOrder[]>;
  /** Kills the whole server with SIGKILL and restarts it with crash recovery. */
  crashPostgres(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  await using started = new AsyncDisposableStack();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'orders-crash-'));
  started.defer(() => rm(dataDir, { recursive: true, force: true }));
  // Durable, as in production: an acknowledged commit must survive the kill.
  let postgres = await startEmbeddedPostgres({ dataDir });
  started.defer(() => postgres.stop());
  await migrate(postgres.url);

  const logger = createLogger({ service: 'payment-gateway-simulator', level: 'silent' });
  const simulator = await startSimulator({ host: '127.0.0.1', port: 0, logger });
  started.defer(() => simulator.close());

  const pool = new Pool({ connectionString: postgres.url, max: 2 });
  pool.on('error', () => {});
  started.defer(() => pool.end());

  const owned = started.move();
  return {
    databaseUrl: postgres.url,
    gateway: createGatewayControl(simulator.url),
    sql: async (text) => (await pool.query<StoredOrder>(text)).rows,
    async crashPostgres() {
      process.kill(postgres.pid, 'SIGKILL');
      await postgres.ended;
      postgres = await startEmbeddedPostgres({ dataDir, port: Number(new URL(postgres.url).port) });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
