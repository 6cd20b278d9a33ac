import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { migrate } from '../../src/postgres/migrate.ts';
import { announcedUrl, startChild } from '../dev/child.ts';
import { startEmbeddedPostgres } from '../dev/postgres/embedded-postgres.ts';
import type { FaultSettings } from '../simulator/faults.ts';
import type { StoredBooking } from './books.ts';
import { searchPath } from './config.ts';

export const apiKey = 'chaos-key-that-nobody-else-has';

/** The service with its own PostgreSQL and the simulator of its dependency, each of which can be broken. */
export interface World extends AsyncDisposable {
  url: string;
  /** Sets faults of the dependency; without any, it works. */
  setFaults(faults?: Partial<FaultSettings>): Promise<void>;
  /** kill -9 of PostgreSQL; it starts again after these seconds, and recovers. */
  crashPostgres(seconds: number): Promise<void>;
  /** kill -9 of the service, and a new one at the same address. */
  killService(): Promise<void>;
  /** The value of a series, such as `circuit_breaker_state{…}`; 0 if there is none. */
  metric(series: string): Promise<number>;
  bookings(): Promise<StoredBooking[]>;
  /** What the dependency has confirmed, by key. */
  confirmations(): Promise<Record<string, string>>;
}

const root = path.resolve(import.meta.dirname, '../..');
const inherited = { PATH: searchPath, OTEL_TRACES_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' };

export async function startWorld(signal: AbortSignal): Promise<World> {
  await using started = new AsyncDisposableStack();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'frontdesk-chaos-'));
  started.defer(() => rm(dataDir, { recursive: true, force: true }));
  // Durable, as in production: an acknowledged commit must survive the kill.
  let postgres = await startEmbeddedPostgres({ dataDir });
  started.defer(() => postgres.stop());
  await migrate(postgres.url);
  const simulator = await startChild({
    name: 'The simulator',
    args: [path.join(root, 'lab/simulator/main.ts')],
    env: { ...inherited, SIMULATOR_PORT: '0' },
    onLine: () => {},
  });
  started.defer(() => simulator.stop());
  const upstreamUrl = announcedUrl(simulator, 'url');

  const startService = (ports: { PORT: string; ADMIN_PORT: string }) =>
    startChild({
      name: 'The service',
      args: ['--import', path.join(root, 'src/telemetry/sdk.ts'), path.join(root, 'src/main.ts')],
      env: {
        ...inherited,
        ...ports,
        API_KEYS: `chaos:${apiKey}`,
        RATE_LIMIT_MAX: '0',
        DATABASE_URL: postgres.url,
        UPSTREAM_URL: upstreamUrl,
      },
      onLine: () => {},
    });
  let service = await startService({ PORT: '0', ADMIN_PORT: '0' });
  started.defer(() => service.stop());
  const [url, adminUrl] = [announcedUrl(service, 'url'), announcedUrl(service, 'adminUrl')];
  const samePorts = { PORT: new URL(url).port, ADMIN_PORT: new URL(adminUrl).port };

  const owned = started.move();
  return {
    url,
    async setFaults(faults) {
      const init =
        faults === undefined ? { method: 'DELETE' } : { method: 'PUT', body: JSON.stringify(faults) };
      const answer = await fetch(`${upstreamUrl}/faults`, init);
      if (!answer.ok) throw new Error(`The simulator refuses ${JSON.stringify(faults)}: ${answer.status}.`);
    },
    async crashPostgres(seconds) {
      process.kill(postgres.pid, 'SIGKILL');
      await postgres.ended;
      await delay(seconds * 1000, undefined, { signal });
      postgres = await startEmbeddedPostgres({ dataDir, port: Number(new URL(postgres.url).port) });
    },
    async killService() {
      process.kill(service.pid, 'SIGKILL');
      await service.ended;
      service = await startService(samePorts);
    },
    async metric(series) {
      const text = await fetch(`${adminUrl}/metrics`).then((answer) => answer.text());
      const line = text.split('\n').find((each) => each.startsWith(`${series} `));
      return Number(line?.slice(series.length + 1).split(' ')[0] ?? 0);
    },
    async bookings() {
      const client = new Client({ connectionString: postgres.url });
      await client.connect();
      try {
        const { rows } = await client.query<StoredBooking>(
          'SELECT id, idempotency_key AS key, status, confirmation_id AS "confirmationId" FROM bookings',
        );
        return rows;
      } finally {
        await client.end();
      }
    },
    async confirmations() {
      const answer = await fetch(`${upstreamUrl}/confirmations`);
      return ((await answer.json()) as { confirmations: Record<string, string> }).confirmations;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
