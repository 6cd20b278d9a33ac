import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { afterEach, expect } from 'vitest';
import { startSimulator } from '../../../lab/simulator/server.ts';
import { type ApiClient, createApiClient } from '../clients/api-client.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { type ExposedSample, type Exposition, scrapeMetrics } from '../../../lab/harness/exposition.ts';
import { createGatewayControl, type GatewayControl } from '../../../lab/harness/gateway-control.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../../lab/harness/otlp-receiver.ts';
import { type ServiceProcess, spawnServiceProcess } from '../../../lab/harness/service-process.ts';
import { quietWorker } from '../clients/settings.ts';
import { serviceEnvironment } from './spawn-service.ts';

/** The service as deployed, with the SDK preloaded, and all of its telemetry. */
export interface TracedService extends AsyncDisposable {
  process: ServiceProcess;
  api: ApiClient;
  database: TestDatabase;
  gateway: GatewayControl;
  receiver: OtlpReceiver;
  /** The gateway's log. */
  gatewayLog: Array<Record<string, unknown>>;
  scrape(): Promise<Exposition>;
  /** Returns the log lines of an event so far. */
  lines(event: string): Array<Record<string, unknown>>;
  /** Waits for the first log line of an event with this value. Lines are written in batches, so it may be late. */
  line(event: string, field: string, value: unknown): Promise<Record<string, unknown>>;
  /** Waits for the canonical log line of a request. */
  requestLine(requestId: string): Promise<Record<string, unknown>>;
}

/** For files in which each test spawns its own service, which ends with the test. */
export function eachWithTracedService(): (env?: Record<string, string>) => Promise<TracedService> {
  let traced: TracedService | undefined;
  afterEach(async () => {
    await traced?.[Symbol.asyncDispose]();
    traced = undefined;
  });
  return async (env = {}) => {
    traced = await spawnTracedService(env);
    return traced;
  };
}

/** @param env variables that differ from the tests' defaults, which include the receiver */
export async function spawnTracedService(env: Record<string, string> = {}): Promise<TracedService> {
  await using started = new AsyncDisposableStack();
  const receiver = started.use(await startOtlpReceiver());
  const database = await createTestDatabase();
  started.defer(() => database.drop());

  const gatewayLog: TracedService['gatewayLog'] = [];
  const sink = new PassThrough().on('data', (line: Buffer) => {
    gatewayLog.push(JSON.parse(line.toString()) as Record<string, unknown>);
  });
  const simulator = await startSimulator({ host: '127.0.0.1', port: 0, logger: pino(sink) });
  started.defer(() => simulator.close());

  const service = await spawnServiceProcess({
    env: {
      ...serviceEnvironment(database.url, simulator.url),
      ...quietWorker,
      OTEL_SDK_DISABLED: 'false',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_LOGS_EXPORTER: 'none',
      // The newest trace is the exemplar, so that a test finds its own request.
      EXEMPLAR_INTERVAL: '0ms',
      ...env,
    },
  });
  started.defer(() => service.kill());
  const api = await createApiClient(service.url, 'shop-key');

  const lines = (event: string) => service.logs.filter((line) => line['event'] === event);
  const line: TracedService['line'] = (event, field, value) =>
    eventually(() => lines(event).find((each) => each[field] === value));
  const owned = started.move();
  return {
    process: service,
    api,
    database,
    gateway: createGatewayControl(simulator.url),
    receiver,
    gatewayLog,
    scrape: () => scrapeMetrics(service.adminUrl),
    lines,
    line,
    requestLine: (requestId) => line('http.request', 'request_id', requestId),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Polls until `look` returns a value. */
async function eventually<T>(look: () => T | undefined): Promise<T> {
  await expect.poll(look, { timeout: 10_000, interval: 5 }).toBeDefined();
  const found = look();
  if (found === undefined) throw new Error('the value has disappeared');
  return found;
}

type Labels = Record<string, string>;

/** The samples with this name and at least these labels. */
export function samplesOf(exposition: Exposition, name: string, labels: Labels = {}): ExposedSample[] {
  return exposition.samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
}

/** Sums those samples; 0 without any. */
export function valueOf(exposition: Exposition, name: string, labels: Labels = {}): number {
  return samplesOf(exposition, name, labels).reduce((sum, { value }) => sum + value, 0);
}

/** The growth of each series of these counters, without unchanged ones. */
export function growth(
  before: Exposition,
  after: Exposition,
  names: readonly string[],
): Record<string, number> {
  return Object.fromEntries(
    after.samples
      .filter(({ name }) => names.includes(name))
      .map(({ name, labels, value }) => {
        const earlier = before.samples.find(
          (sample) => sample.name === name && JSON.stringify(sample.labels) === JSON.stringify(labels),
        );
        return [`${name} ${Object.values(labels).join(' ')}`, value - (earlier?.value ?? 0)] as const;
      })
      .filter(([, delta]) => delta !== 0),
  );
}

/** The trace ids of the exemplars in an exposition. */
export function exemplarTraces({ samples }: Exposition): string[] {
  return samples.flatMap(({ exemplar }) => exemplar?.labels['trace_id'] ?? []);
}
