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

/** A real Collector, as the stack starts it, with a network of our own to what stands for Jaeger and Loki. */
export interface Collector extends AsyncDisposable {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  url: string;
  /** Where it tells about itself, for Prometheus. */
  target: string;
  network: Readonly<Record<CollectorBackend, NetworkProxy>>;
  /** What has come through it. */
  spans: NonNullable<Environment['spans']>;
}

export interface CollectorOptions {
  command: string;
  connect(backend: CollectorBackend, target: string): Promise<NetworkProxy>;
  /** Takes OTLP over HTTP, in the place of Loki. */
  lokiUrl: string;
  /** Asked for figures, as in the stack. */
  postgresUrl: string;
}

export const findCollector = (): string | undefined => findTool('otel-collector');

/** Instead of five minutes: as much shorter as a rehearsal makes the rules, unless it is told otherwise. */
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
