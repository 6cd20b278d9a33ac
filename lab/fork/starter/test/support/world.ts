import path from 'node:path';
import { announcedUrl, startChild } from '../../lab/dev/child.ts';
import { createDatabase } from './database.ts';

/** The real service with a database of its own and the simulator of its dependency. */
export interface World {
  url: string;
  adminUrl: string;
  /** Of the simulator of the dependency. */
  upstreamUrl: string;
  /** The lines that the service has logged so far. */
  logs: ReadonlyArray<Record<string, unknown>>;
  create(body: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string): Promise<Answer>;
  /** Breaks the dependency, or mends it. */
  setFaults(faults?: { errorRate?: number; delayMs?: number }): Promise<void>;
  stop(): Promise<void>;
}

export interface Answer {
  status: number;
  headers: Headers;
  // The tests read members of answers of any form.
  body: Record<string, unknown>;
}

const root = path.resolve(import.meta.dirname, '../..');
const environment = { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' };

export async function startWorld(env: Readonly<Record<string, string>> = {}): Promise<World> {
  const logs: Array<Record<string, unknown>> = [];
  const simulator = await startChild({
    name: 'The simulator',
    args: [path.join(root, 'lab/simulator/main.ts')],
    env: { ...environment, SIMULATOR_PORT: '0' },
    onLine: () => {},
  });
  const upstreamUrl = announcedUrl(simulator, 'url');
  const service = await startChild({
    name: 'The service',
    args: ['--import', path.join(root, 'src/telemetry/sdk.ts'), path.join(root, 'src/main.ts')],
    env: {
      ...environment,
      PORT: '0',
      ADMIN_PORT: '0',
      API_KEYS: 'test:test-key',
      DATABASE_URL: await createDatabase(),
      UPSTREAM_URL: upstreamUrl,
      ...env,
    },
    onLine: (line) => logs.push(JSON.parse(line) as Record<string, unknown>),
  });
  const url = announcedUrl(service, 'url');
  const request = async (address: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(`${url}${address}`, {
      ...init,
      headers: { authorization: 'Bearer test-key', ...(init.headers as Record<string, string>) },
    });
    const { status, headers } = response;
    return { status, headers, body: (await response.json()) as Record<string, unknown> };
  };
  return {
    url,
    adminUrl: announcedUrl(service, 'adminUrl'),
    upstreamUrl,
    logs,
    create: (body, headers = {}) =>
      request('/bookings', {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    get: (address) => request(address),
    async setFaults(faults) {
      await fetch(`${upstreamUrl}/faults`, {
        method: faults ? 'PUT' : 'DELETE',
        ...(faults && { body: JSON.stringify(faults) }),
      });
    },
    async stop() {
      await service.stop();
      await simulator.stop();
    },
  };
}
