import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { ReceivedLog } from '../../lab/console/otlp/messages.ts';
import { startEmbeddedPostgres } from '../../lab/dev/postgres/embedded-postgres.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../lab/harness/otlp-receiver.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { startGateway, startOrders } from '../../stack/native/applications.ts';
import { recipes } from '../../stack/native/backends.ts';
import { anyPorts } from '../../stack/native/ports.ts';
import { startProgram } from '../../stack/native/program.ts';
import { findTool } from '../../stack/native/tools.ts';
import { parseLogql } from '../support/files/logql.ts';
import { allQueries } from '../support/files/observability-as-code.ts';
import { eventually, stack } from './backends.ts';
import { placeOrder } from './customer.ts';

/**
 * What Loki is sent, without a Loki: the real Collector with the stack's configuration sends the log lines of the real services
 * to a receiver that stands in its place.
 *
 * @see https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs-using-otlp
 * @see https://grafana.com/docs/loki/latest/send-data/otel/#format-considerations
 */
describe.runIf(stack.native)('what the Collector sends to Loki', () => {
  const started = new AsyncDisposableStack();
  let loki: OtlpReceiver;

  beforeAll(async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'orders-loki-'));
    started.defer(() => rm(dataDir, { recursive: true, force: true }));
    const postgres = await startEmbeddedPostgres({ dataDir, durable: false });
    started.defer(() => postgres.stop());
    await migrate(postgres.url);
    loki = started.use(await startOtlpReceiver());
    const ports = { ...(await anyPorts()), LOKI_PORT: Number(new URL(loki.url).port) };
    const surroundings = { ports, dataDir, postgresUrl: postgres.url, hasLoki: true, hasAlertmanager: false };
    const collector = await startProgram({
      ...(await recipes['otel-collector'](surroundings)),
      name: 'otel-collector',
      command: findTool('otel-collector') ?? '',
      logFile: path.join(dataDir, 'otel-collector.log'),
    });
    started.defer(() => collector.stop());
    const options = { ports, env: { ...process.env, NODE_ENV: 'development' }, onLine: () => undefined };
    const gateway = await startGateway(options);
    started.defer(() => gateway.stop());

    const apiUrl = `http://127.0.0.1:${ports.API_PORT}`;
    // Twice, as after a deployment.
    for (let round = 0; round < 2; round += 1) {
      const orders = await startOrders(options, postgres.url, false);
      for (const token of ['tok_visa', 'tok_declined', 'tok_error_once']) await placeOrder(token, apiUrl);
      await fetch(`${apiUrl}/orders`, { headers: { authorization: 'Bearer unknown' } });
      await orders.stop();
    }
    const requests = () => loki.logs.filter(({ attributes }) => attributes['event'] === 'http.request');
    await eventually('log line of each request', async () => requests().length === 8 || undefined);
  });
  afterAll(() => started.disposeAsync());

  test('the request goes to the documented path, as compressed protobuf', () => {
    expect(loki.received.length).toBeGreaterThan(0);
    for (const { path: target, headers } of loki.received) {
      expect([target, headers['content-type'], headers['content-encoding']]).toEqual([
        '/otlp/v1/logs',
        'application/x-protobuf',
        'gzip',
      ]);
    }
  });

  test('the labels are those of the documentation, and a restarted service has no new ones', async () => {
    const toLabels = await labelsByConfiguration();
    const streams = new Set(loki.logs.map(({ resource }) => JSON.stringify(toLabels(resource))));
    expect([...streams].map((labels) => JSON.parse(labels) as unknown)).toEqual(
      expect.arrayContaining([
        { deployment_environment_name: 'development', service_name: 'orders' },
        { deployment_environment_name: 'development', service_name: 'payment-gateway' },
      ]),
    );
    expect(streams.size).toBe(2);
  });

  // https://grafana.com/docs/loki/latest/configure/#limits_config
  const limits = { lineBytes: 256 * 1024, metadataBytes: 64 * 1024, metadataEntries: 128 };

  test('no line is larger than Loki takes', async () => {
    const toLabels = await labelsByConfiguration();
    for (const log of loki.logs) {
      expect(Buffer.byteLength(textOf(log.body))).toBeLessThan(limits.lineBytes);
      const metadata = metadataOf(log, toLabels);
      expect(metadata.size).toBeLessThanOrEqual(limits.metadataEntries);
      expect(Buffer.byteLength(JSON.stringify([...metadata]))).toBeLessThan(limits.metadataBytes);
    }
  });

  test('a line is at the time of the event, and has the text of its level in lower case', () => {
    const levels = new Set(loki.logs.map(({ severityText }) => severityText));
    expect([...levels].filter((level) => !/^(trace|debug|info|warn|error|fatal)$/.test(level))).toEqual([]);
    // Loki would take the moment of arrival for a line without a time.
    expect(loki.logs.filter(({ time }) => Number(time) === 0)).toEqual([]);
  });

  test('every LogQL query of dashboards, rules and runbooks asks for labels that are sent, and for metadata that is', async () => {
    const toLabels = await labelsByConfiguration();
    const labels = new Set(loki.logs.flatMap(({ resource }) => Object.keys(toLabels(resource))));
    const queries = (await allQueries()).filter(({ language }) => language === 'logql');
    expect(queries.length).toBeGreaterThan(10);
    const unknown: string[] = [];
    for (const { place, text } of queries) {
      const { streams, filters, groupingLabels } = parseLogql(text);
      unknown.push(
        ...Object.keys(streams).flatMap((label) => (labels.has(label) ? [] : [`${place}: {${label}}`])),
      );
      // Fields of rare events are not among these lines; test/operations/telemetry-names.test.ts holds them.
      const event = filters.find(({ field }) => field === 'event')?.value;
      if (event !== 'http.request') continue;
      const sent = new Set(
        loki.logs
          .filter(({ attributes }) => attributes['event'] === event)
          .flatMap((log) => Array.from(metadataOf(log, toLabels).keys())),
      );
      const asked = [...filters.map(({ field }) => field), ...groupingLabels];
      unknown.push(...asked.flatMap((field) => (sent.has(field) ? [] : [`${place}: ${field}`])));
    }
    expect(unknown).toEqual([]);
  });

  test('the links of Grafana between traces and log lines use names that are sent', async () => {
    const toLabels = await labelsByConfiguration();
    const log = loki.logs.find(({ attributes }) => attributes['event'] === 'http.request');
    const names = [
      ...Object.keys(toLabels(log?.resource ?? {})),
      ...(log ? metadataOf(log, toLabels).keys() : []),
    ];
    const file = await readFile('grafana/provisioning/datasources/datasources.yml', 'utf8');
    expect(file).toContain('{$${__tags}} | trace_id = "$${__trace.traceId}"');
    expect(file).toContain('matcherRegex: trace_id');
    expect(names).toEqual(expect.arrayContaining(['service_name', 'trace_id']));
  });
});

type ToLabels = (resource: ReceivedLog['resource']) => Record<string, string>;

/** Resource attributes that Loki 3.7 makes labels of, unless its configuration says otherwise. */
const indexedByDefault = [
  'cloud.availability_zone',
  'cloud.region',
  'container.name',
  'deployment.environment',
  'deployment.environment.name',
  'k8s.cluster.name',
  'k8s.container.name',
  'k8s.cronjob.name',
  'k8s.daemonset.name',
  'k8s.deployment.name',
  'k8s.job.name',
  'k8s.namespace.name',
  'k8s.pod.name',
  'k8s.replicaset.name',
  'k8s.statefulset.name',
  'service.instance.id',
  'service.name',
  'service.namespace',
];

interface LokiFile {
  limits_config: {
    otlp_config?: {
      resource_attributes: {
        ignore_defaults?: boolean;
        attributes_config: Array<{ action: string; attributes: string[] }>;
      };
    };
  };
}

/** Labels as Loki makes them of resource attributes, by the rules of its documentation and our configuration. */
async function labelsByConfiguration(): Promise<ToLabels> {
  const { limits_config: limits } = parse(await readFile('stack/loki/config.yaml', 'utf8')) as LokiFile;
  const own = limits.otlp_config?.resource_attributes;
  const indexed = new Set([
    ...(own?.ignore_defaults === true ? [] : indexedByDefault),
    ...(own?.attributes_config ?? [])
      .filter(({ action }) => action === 'index_label')
      .flatMap(({ attributes }) => attributes),
  ]);
  return (resource) =>
    Object.fromEntries(
      Object.entries(resource)
        .filter(([name]) => indexed.has(name))
        .map(([name, value]) => [nameInLoki(name), textOf(value)] as const)
        .toSorted(([a], [b]) => a.localeCompare(b)),
    );
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Loki takes letters, digits and underscores. */
const nameInLoki = (name: string) => name.replaceAll(/\W/g, '_');

/** Everything that is neither a label nor the line. */
function metadataOf(log: ReceivedLog, toLabels: ToLabels): Map<string, string> {
  const labels = toLabels(log.resource);
  const others = Object.entries(log.resource).filter(([name]) => labels[nameInLoki(name)] === undefined);
  return new Map([
    ...[...others, ...Object.entries(log.attributes)].map(
      ([name, value]) => [nameInLoki(name), textOf(value)] as const,
    ),
    ['severity_text', log.severityText],
    ['severity_number', String(log.severityNumber)],
    ...(log.traceId === ''
      ? []
      : ([
          ['trace_id', log.traceId],
          ['span_id', log.spanId],
        ] as const)),
  ]);
}
