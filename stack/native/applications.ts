import path from 'node:path';
import { type Child, startChild } from '../../lab/dev/child.ts';
import { loadEvidenceConfig } from '../../lab/evidence/config.ts';
import { loadSimulatorConfig } from '../../lab/simulator/config.ts';
import { loadTrafficConfig } from '../../lab/traffic/config.ts';
import { loadConfig } from '../../src/config/config.ts';
import { faultsOf } from '../../src/config/faults-of.ts';
import { loadTelemetryConfig } from '../../src/config/telemetry-config.ts';
import { anyPorts, type Ports } from './ports.ts';

/** The stack's processes from this checkout, configured with the addresses of the other parts. */

const root = path.resolve(import.meta.dirname, '../..');

interface Options {
  ports: Ports;
  env: Readonly<Record<string, string | undefined>>;
  onLine: (line: string) => void;
}

/** The telemetry settings of docker-compose.yml. */
const telemetry = (ports: Ports) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${ports.OTLP_PORT}`,
  OTEL_BSP_SCHEDULE_DELAY: '500',
  OTEL_BLRP_SCHEDULE_DELAY: '500',
});

const gatewaySettings = (ports: Ports) => ({
  ...telemetry(ports),
  SIMULATOR_PORT: String(ports.SIMULATOR_PORT),
  SIMULATOR_LEDGER_MAX: '20000',
});

const ordersSettings = ({ ports, env }: Pick<Options, 'ports' | 'env'>, databaseUrl: string) => ({
  ...telemetry(ports),
  PORT: String(ports.API_PORT),
  ADMIN_PORT: String(ports.ADMIN_PORT),
  DATABASE_URL: databaseUrl,
  PAYMENT_GATEWAY_URL: `http://127.0.0.1:${ports.SIMULATOR_PORT}`,
  API_KEYS: env['API_KEYS'] ?? 'demo:demo-key',
});

const evidenceSettings = (ports: Ports, dataDir: string) => ({
  EVIDENCE_PORT: String(ports.EVIDENCE_PORT),
  EVIDENCE_TARGETS: `127.0.0.1:${ports.ADMIN_PORT}`,
  EVIDENCE_DIR: path.join(dataDir, 'evidence'),
  EVIDENCE_URL: `http://127.0.0.1:${ports.EVIDENCE_PORT}`,
  EVIDENCE_FOLLOW_UP_URL: `http://127.0.0.1:${ports.SIMULATOR_PORT}/alerts/messages`,
});

const trafficSettings = (ports: Ports) => ({
  TRAFFIC_URLS: `http://127.0.0.1:${ports.API_PORT}`,
  TRAFFIC_PORT: String(ports.TRAFFIC),
});

/** What they would refuse of the environment, before anything has started. */
export async function faultsForApplications(env: Options['env']): Promise<string[]> {
  const ports = await anyPorts();
  const orders = { ...env, ...ordersSettings({ ports, env }, 'postgres://embedded') };
  return faultsOf([
    () => loadConfig(orders),
    () => loadTelemetryConfig(orders),
    () => loadSimulatorConfig({ ...env, ...gatewaySettings(ports) }),
    () => loadTrafficConfig({ ...env, ...trafficSettings(ports) }),
    () => loadEvidenceConfig({ ...env, ...evidenceSettings(ports, '') }),
  ]);
}

export function startGateway({ ports, env, onLine }: Options): Promise<Child> {
  return startChild({
    name: 'The payment gateway simulator',
    args: [path.join(root, 'lab/simulator/main.ts')],
    env: {
      ...env,
      ...gatewaySettings(ports),
      NODE_OPTIONS: '--max-old-space-size=64 --max-semi-space-size=4',
    },
    onLine,
  });
}

export function startOrders(
  { ports, env, onLine }: Options,
  databaseUrl: string,
  redis: boolean,
): Promise<Child> {
  return startChild({
    name: 'The order service',
    args: ['--import', path.join(root, 'src/telemetry/sdk.ts'), path.join(root, 'src/main.ts')],
    env: {
      ...env,
      ...ordersSettings({ ports, env }, databaseUrl),
      ...(redis && { REDIS_URL: `redis://127.0.0.1:${ports.REDIS}` }),
      NODE_OPTIONS: '--max-old-space-size=96 --max-semi-space-size=8',
    },
    onLine,
  });
}

export function startEvidence({ ports, env, onLine }: Options, dataDir: string): Promise<Child> {
  return startChild({
    name: 'The evidence receiver',
    args: [path.join(root, 'lab/evidence/main.ts')],
    env: {
      ...env,
      ...evidenceSettings(ports, dataDir),
      NODE_OPTIONS: '--max-old-space-size=48 --max-semi-space-size=2',
    },
    onLine,
  });
}

export function startTraffic({ ports, env, onLine }: Options): Promise<Child> {
  return startChild({
    name: 'The traffic generator',
    args: [path.join(root, 'lab/traffic/main.ts')],
    env: {
      ...env,
      ...trafficSettings(ports),
      NODE_OPTIONS: '--max-old-space-size=48 --max-semi-space-size=4',
    },
    onLine,
  });
}
