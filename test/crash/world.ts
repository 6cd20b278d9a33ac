import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Pool } from 'pg';
import { startEmbeddedPostgres } from '../../lab/dev/postgres/embedded-postgres.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { startSimulator } from '../../lab/simulator/server.ts';
import { createLogger } from '../../src/telemetry/logging/logger.ts';
import { createGatewayControl, type GatewayControl } from '../../lab/harness/gateway-control.ts';
import { advisedSettings, type PoolMode, startPgBouncer } from '../../lab/harness/pgbouncer.ts';
import type { StoredOrder } from '../../lab/audit/audit.ts';

/** The state that outlives a crash of the service: a Postgres, which can be killed too, and a gateway with its ledger. */
export interface World extends AsyncDisposable {
  /** Of Postgres, or of the pooler in front of it. */
  databaseUrl: string;
  gateway: GatewayControl;
  sql(text: string): Promise<StoredOrder[]>;
  /** Kills the whole server with SIGKILL and restarts it with crash recovery. */
  crashPostgres(): Promise<void>;
}

/** @param options.pooler the mode of a PgBouncer between the service and Postgres; default none */
export async function startWorld({ pooler: mode }: { pooler?: PoolMode | undefined } = {}): Promise<World> {
  await using started = new AsyncDisposableStack();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'orders-crash-'));
  started.defer(() => rm(dataDir, { recursive: true, force: true }));
  // Durable, as in production: an acknowledged commit must survive the kill.
  let postgres = await startEmbeddedPostgres({ dataDir });
  started.defer(() => postgres.stop());
  await migrate(postgres.url);
  const pooler = mode && started.use(await startPgBouncer(postgres.url, { settings: advisedSettings }));

  const logger = createLogger({ service: 'payment-gateway-simulator', level: 'silent' });
  const simulator = await startSimulator({ host: '127.0.0.1', port: 0, logger });
  started.defer(() => simulator.close());

  const pool = new Pool({ connectionString: postgres.url, max: 2 });
  pool.on('error', () => {});
  started.defer(() => pool.end());
  // As some managed plans have it, and slow enough to show: a commit survives a kill only if it asks for that itself.
  await pool.query('ALTER DATABASE orders SET synchronous_commit TO off');
  await pool.query(`ALTER SYSTEM SET wal_writer_delay TO '10s'`);
  await pool.query('SELECT pg_reload_conf()');

  const owned = started.move();
  return {
    databaseUrl: pooler && mode ? pooler.url(mode) : postgres.url,
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
