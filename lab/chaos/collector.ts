import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { recipes } from '../../stack/native/backends.ts';
import { anyPorts } from '../../stack/native/ports.ts';
import { startProgram } from '../../stack/native/program.ts';
import { findTool } from '../../stack/native/tools.ts';
import { startOtlpGrpcReceiver } from '../harness/otlp-grpc-receiver.ts';
import type { CollectorBackend } from './experiment.ts';
import type { Environment } from './environment.ts';
import type { NetworkProxy } from './network.ts';

/** A real Collector, started as in the stack, with proxies between it and the stand-ins for Jaeger and Loki. */
export interface Collector extends AsyncDisposable {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  url: string;
  /** Address of its own metrics, for Prometheus. */
  target: string;
  network: Readonly<Record<CollectorBackend, NetworkProxy>>;
  /** Every span that has come through it. */
  spans: NonNullable<Environment['spans']>;
}

export interface CollectorOptions {
  command: string;
  connect(backend: CollectorBackend, target: string): Promise<NetworkProxy>;
  /** Takes OTLP over HTTP, in place of Loki. */
  lokiUrl: string;
  /** The Collector's receiver reads figures from it, as in the stack. */
  postgresUrl: string;
}

export const findCollector = (): string | undefined => findTool('otel-collector');

/** Instead of five minutes: shorter by the factor that the default time scale divides the rules by. */
const retriesFor = '10s';

export async function startCollector(options: CollectorOptions): Promise<Collector> {
  const { command, connect, lokiUrl, postgresUrl } = options;
  await using started = new AsyncDisposableStack();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'orders-collector-'));
  started.defer(() => rm(dataDir, { recursive: true, force: true }));
  const jaeger = started.use(await startOtlpGrpcReceiver());
  const network = { jaeger: await connect('jaeger', jaeger.url), loki: await connect('loki', lokiUrl) };
  const ports = {
    ...(await anyPorts()),
    JAEGER_OTLP: portOf(network.jaeger),
    LOKI_PORT: portOf(network.loki),
  };
  const recipe = await recipes['otel-collector']({
    ports,
    dataDir,
    postgresUrl,
    hasLoki: true,
    hasAlertmanager: false,
  });
  const program = await startProgram({
    ...recipe,
    env: { ...recipe.env, COLLECTOR_RETRY_FOR: retriesFor },
    name: 'otel-collector',
    command,
    logFile: path.join(dataDir, 'otel-collector.log'),
  });
  started.defer(() => program.stop());
  const owned = started.move();
  return {
    url: `http://127.0.0.1:${ports.OTLP_PORT}`,
    target: `127.0.0.1:${ports.COLLECTOR_METRICS}`,
    network,
    spans: jaeger.spans,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const portOf = ({ url }: NetworkProxy) => Number(new URL(url).port);
