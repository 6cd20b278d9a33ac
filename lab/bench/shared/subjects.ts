import path from 'node:path';
import type { BenchDatabase } from './database.ts';
import { apiKey } from './load.ts';
import { type BenchProcess, startProcess } from './processes.ts';

/** The configuration of every subject: its own database and the shared gateway. */
export function environmentOf(database: BenchDatabase, simulator: BenchProcess): Record<string, string> {
  return {
    NODE_ENV: 'production',
    PORT: '0',
    ADMIN_PORT: '0',
    DATABASE_URL: database.url,
    PAYMENT_GATEWAY_URL: simulator.url,
    API_KEYS: `bench:${apiKey}`,
    // All load comes from one client.
    RATE_LIMIT_MAX: '0',
  };
}

/** The payment gateway that all subjects share. */
export function startSimulator(folder: string): Promise<BenchProcess> {
  return startProcess({
    script: 'lab/simulator/main.ts',
    env: { SIMULATOR_PORT: '0', LOG_LEVEL: 'silent' },
    logFile: path.join(folder, 'simulator.log'),
  });
}
