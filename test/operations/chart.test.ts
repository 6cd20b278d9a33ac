import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Ajv } from 'ajv';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { chart, existingFiles, renderChart } from '../../deploy/source/render.ts';
import { valuesSchema } from '../../deploy/source/values-schema.ts';
import { evidenceVariables } from '../../lab/evidence/variables.ts';
import { environmentWarnings } from '../../src/config/environment-warnings.ts';
import { migrationVariables } from '../../src/config/migration-variables.ts';
import { telemetryVariables } from '../../src/config/telemetry-variables.ts';
import { variables } from '../../src/config/variables.ts';

/** What can be said of the Helm chart without Helm. `npm run test:kubernetes` installs it. */

type Values = Record<string, unknown>;

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFile(path.join(root, file), 'utf8');
const variations = globSync('deploy/values/*.yaml', { cwd: root });
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(valuesSchema);

let defaults: Values;
let templates: string;

beforeAll(async () => {
  defaults = parse(await read('deploy/chart/values.yaml')) as Values;
  const files = globSync('deploy/chart/templates/*', { cwd: root });
  templates = (await Promise.all(files.map(read))).join('\n');
});

test('the generated files of the chart are up to date (npm run chart)', async () => {
  const rendered = await renderChart();
  for (const [name, text] of rendered)
    expect(await readFile(path.join(chart, name), 'utf8'), name).toBe(text);
  expect((await existingFiles()).toSorted()).toEqual(
    [...rendered.keys()].filter((name) => name.startsWith('files/')).toSorted(),
  );
});

test('the defaults of the chart and every documented variation satisfy the schema of the values', async () => {
  expect(variations.length).toBeGreaterThan(3);
  validate(defaults);
  expect(validate.errors).toBeNull();
  for (const variation of variations) {
    validate(merged(defaults, parse(await read(variation)) as Values));
    expect(validate.errors, variation).toBeNull();
  }
});

test.each([
  [{ replcas: 3 }, 'replcas'],
  [{ config: { PAYMENT_DEADLIN: '3s' } }, 'PAYMENT_DEADLIN'],
  [{ autoscaling: { max: 3 } }, 'max'],
  [{ networkPolicy: { egress: { postgre: {} } } }, 'postgre'],
  // Secrets do not belong into a ConfigMap.
  [{ config: { DATABASE_URL: 'postgres://…' } }, 'DATABASE_URL'],
  [{ config: { OTEL_EXPORTER_OTLP_HEADERS: 'api-key=…' } }, 'OTEL_EXPORTER_OTLP_HEADERS'],
  [{ config: { HOST: '::' } }, 'HOST'],
])('a value that the chart does not know is refused by its name: %j', (value, name) => {
  validate(merged(defaults, value));
  expect(validate.errors?.map(({ params }) => params['additionalProperty'] as unknown)).toEqual([name]);
});

test.each([
  // YAML reads `on` as true.
  [{ config: { DATABASE_BATCHING: true } }, '/config/DATABASE_BATCHING'],
  [{ config: { PAYMENT_DEADLINE: '3 seconds' } }, '/config/PAYMENT_DEADLINE'],
  // The service reads whole numbers.
  [{ config: { PAYMENT_DEADLINE: '1.5s' } }, '/config/PAYMENT_DEADLINE'],
  [{ config: { BREAKER_ERROR_SHARE: '1.5' } }, '/config/BREAKER_ERROR_SHARE'],
  [{ config: { DATABASE_POOL_MAX: 0 } }, '/config/DATABASE_POOL_MAX'],
  // An empty list of peers in a NetworkPolicy is everybody.
  [{ networkPolicy: { proxies: [] } }, '/networkPolicy/proxies'],
  // The rules count over a minute.
  [{ monitoring: { interval: '60s' } }, '/monitoring/interval'],
  [{ resources: { limits: { memory: '512M' } } }, '/resources/limits/memory'],
])('a value that cannot be meant is refused: %j', (value, where) => {
  validate(merged(defaults, value));
  expect(new Set(validate.errors?.map(({ instancePath }) => instancePath))).toEqual(new Set([where]));
});

// Helm deletes a default whose value is null: `resources: null` would be pods without limits.
test('a default that is deleted is missed by its name, at every level', () => {
  // Somebody else decides on the number; what is under these names is free.
  const free = /^replicas$|^(?:config|podAnnotations|monitoring\.\w+\.(?:labels|annotations))\.|matchLabels/;
  const all = pathsOf(defaults);
  expect(all).toContain('resources.limits');
  for (const name of all.filter((each) => !free.test(each))) {
    const values = structuredClone(defaults);
    const keys = name.split('.');
    const last = keys.pop() ?? '';
    delete keys.reduce((at, key) => at[key] as Values, values)[last];
    validate(values);
    expect(
      validate.errors?.map(({ params }) => params['missingProperty'] as unknown),
      name,
    ).toEqual([last]);
  }
});

const pathsOf = (value: unknown, at = ''): string[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, each]) => [`${at}${key}`].concat(pathsOf(each, `${at}${key}.`)))
    : [];

test('the schema, values.yaml and the templates know the same values', () => {
  const properties = valuesSchema['properties'] as Values;
  const { global: _, ...known } = properties;
  expect(leavesOfSchema(known).toSorted()).toEqual(leavesOfValues(defaults, known).toSorted());
  const used = [...templates.matchAll(/\.Values\.([a-zA-Z]+)/g)].map(([, name]) => name);
  expect(new Set(used)).toEqual(new Set(Object.keys(defaults)));
});

test('every variable that the chart sets is one of the service or of the evidence receiver, and none resembles another', () => {
  const set = [
    ...templates.matchAll(/^ +([A-Z][A-Z0-9_]+): /gm),
    ...templates.matchAll(/name: ([A-Z][A-Z0-9_]+)\b/g),
    ...templates.matchAll(/"([A-Z]+_[A-Z_]+)"/g),
  ].map(([, name = '']) => name);
  const known = { ...variables, ...migrationVariables, ...evidenceVariables };
  expect(environmentWarnings(known, Object.fromEntries(set.map((name) => [name, '']))).toSorted()).toEqual(
    [],
  );
  const foreign =
    /^(OTEL_|K8S_|NODE_OPTIONS$)|^(GOMEMLIMIT|SAMPLERS|TRACES_ENDPOINT|LOGS_ENDPOINT|EXPORTER_AUTHORIZATION|RUNBOOK_URL|GRAFANA_URL|EVIDENCE_WEBHOOKS|MIGRATION_)$/;
  expect([...new Set(set)].filter((name) => !(name in known) && !foreign.test(name))).toEqual([]);
});

test('a sampler redacts and samples as the Collector of the stack does', async () => {
  const stack = parse(await read('otel-collector/config.yaml'), { merge: true }) as Collector;
  const sampler = parse(await read('deploy/chart/files/collector/sampler.yaml')) as Collector;
  for (const name of ['redaction', 'transform/expose', 'transform/restore']) {
    expect(sampler.processors[name], name).toEqual(stack.processors[name]);
  }
  const sampling = sampler.processors['tail_sampling'] as Sampling;
  const { decision_wait_after_root_received, num_traces } = sampling;
  expect(sampling).toEqual({
    ...(stack.processors['tail_sampling'] as Sampling),
    decision_wait_after_root_received,
    num_traces,
  });
  for (const [name, { receivers, processors = [], exporters }] of Object.entries(sampler.service.pipelines)) {
    expect(processors, name).toEqual(stack.service.pipelines[name]?.processors ?? []);
    for (const used of [...receivers, ...exporters]) {
      expect({ ...sampler.receivers, ...sampler.exporters, ...sampler.connectors }).toHaveProperty([used]);
    }
  }
});

test('a sampler waits for the spans that another service exports after the root of their trace', async () => {
  const { processors } = parse(await read('deploy/chart/files/collector/sampler.yaml')) as Collector;
  const { decision_wait_after_root_received: wait } = processors['tail_sampling'] as Sampling;
  // The chart sets no interval, and other services have the SDK's own.
  const interval = Number(telemetryVariables.OTEL_BSP_SCHEDULE_DELAY.default);
  expect(Number(/^(\d+)s$/.exec(wait)?.[1]) * 1000).toBeGreaterThan(interval);
});

test('a sampler that is full refuses spans, which their sender counts, before it forgets traces', async () => {
  const { processors } = parse(await read('deploy/chart/files/collector/sampler.yaml')) as Collector;
  const { num_traces: most } = processors['tail_sampling'] as Sampling;
  const limiter = processors['memory_limiter'] as {
    limit_percentage: number;
    spike_limit_percentage: number;
  };
  const { sampler } = defaults['collector'] as { sampler: { resources: { limits: { memory: string } } } };
  const [, gibibytes] = /^(\d+)Gi$/.exec(sampler.resources.limits.memory) ?? [];
  const share = (limiter.limit_percentage - limiter.spike_limit_percentage) / 100;
  // A trace has some six spans of 2 KB each.
  expect(most * 6 * 2048).toBeGreaterThan(Number(gibibytes) * 1024 ** 3 * share * 0.9);
});

test('a router sends a trace, and its log records, to one sampler', async () => {
  const { exporters } = parse(await read('deploy/chart/files/collector/router.yaml')) as Collector;
  expect(exporters['load_balancing']).toMatchObject({
    routing_key: 'traceID',
    // The exporter refuses a number.
    resolver: { dns: { port: '4317' } },
  });
});

test('behind HAProxy, a client has its own address', async () => {
  const { config } = parse(await read('deploy/values/haproxy.yaml')) as { config?: Record<string, string> };
  expect(variables.TRUST_PROXY.parse(config?.['TRUST_PROXY'] ?? '')).toBeDefined();
});

// https://yaml.org/type/value.html
test('the matchers of the routes for evidence are texts for YAML 1.1, too', async () => {
  const text = await read('deploy/chart/files/alertmanager/evidence.yaml');
  expect(text).toContain('matchType: "="');
  expect(text).not.toMatch(/: =/);
  // Helm's own YAML would write them without quotes.
  expect(templates).not.toMatch(/files\/alertmanager\/evidence\.yaml".*toYaml/);
});

test('the images are those of the stack', async () => {
  const compose = await read('docker-compose.yml');
  const { image } = defaults['collector'] as { image: { tag: string } };
  expect(compose).toContain(`COLLECTOR_VERSION:-${image.tag}}`);
  const [, postgres = ''] = /image: postgres:(\S+)/.exec(await read('deploy/kind/dependencies.yaml')) ?? [];
  expect(compose).toContain(`POSTGRES_VERSION:-${postgres}}`);
});

interface Sampling {
  num_traces: number;
  decision_wait_after_root_received: string;
}

interface Collector {
  receivers: Values;
  processors: Values;
  exporters: Values;
  connectors: Values;
  service: { pipelines: Record<string, { receivers: string[]; processors?: string[]; exporters: string[] }> };
}

const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** As Helm merges values: objects member by member, everything else as a whole. */
function merged(base: Values, over: Values): Values {
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const old = base[key];
    result[key] = isObject(old) && isObject(value) ? merged(old, value) : value;
  }
  return result;
}

/** Paths of the values whose names the schema lists; what is free, such as labels, ends a path. */
function leavesOfSchema(properties: Values, at = ''): string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const inner = (schema as Values)['properties'];
    return isObject(inner) && name !== 'config' ? leavesOfSchema(inner, `${at}${name}.`) : [at + name];
  });
}

function leavesOfValues(values: Values, properties: Values, at = ''): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const inner = (properties[name] as Values | undefined)?.['properties'];
    return isObject(inner) && isObject(value) && name !== 'config'
      ? leavesOfValues(value, inner, `${at}${name}.`)
      : [at + name];
  });
}
