import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { prometheusConfig } from '../../stack/native/prometheus-config.ts';
import { tools } from '../../stack/native/tools.ts';

/** Checks the files behind `docker compose up` without running a container. */

interface Service {
  image: string;
  build?: unknown;
  ports?: string[];
  expose?: number[];
  user?: string;
  tmpfs?: string[];
  volumes?: string[];
  healthcheck?: { test?: string[]; disable?: boolean };
  depends_on?: Record<string, { condition: string }>;
  mem_limit?: string;
  environment?: Record<string, string | number>;
  restart?: string;
  read_only?: boolean;
  [key: string]: unknown;
}

interface ComposeFile {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFile(path.join(root, file), 'utf8');

let raw: string;
let file: ComposeFile;
let services: Array<[name: string, service: Service]>;

beforeAll(async () => {
  raw = await read('docker-compose.yml');
  // As Compose reads it without a `.env`: every variable has its default.
  file = parse(substituteDefaults(raw), { merge: true }) as ComposeFile;
  services = Object.entries(file.services);
});

function substituteDefaults(text: string): string {
  return text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
}

/** The variables of the file, with their defaults. */
function variablesIn(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/\$\{(\w+):-([^}]*)\}/g)].map(([, name = '', value = '']) => [name, value] as const),
  );
}

const mebibytes = (limit: string | undefined): number => Number(/^(\d+)m$/.exec(limit ?? '')?.[1]);

test('docker-compose.yml conforms to the Compose Specification', async () => {
  const schema: object = JSON.parse(await read('test/operations/fixtures/compose-spec.json'));
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  // Compose ignores keys that begin with x-, and substitutes variables before it validates.
  const validate = ajv.compile(schema);
  validate(file);
  expect(validate.errors ?? []).toEqual([]);
});

test('docker-compose.yml requires no variable, and .env.example lists every optional one with its default', async () => {
  expect(raw).not.toMatch(/\$\{\w+\}|\$\{\w+:\?/);
  const example = new Map(
    [...(await read('.env.example')).matchAll(/^#? ?(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
  expect(Object.fromEntries(example)).toEqual(Object.fromEntries(variablesIn(raw)));
});

describe('every container', () => {
  test('every container runs an image with a pinned version or one that is built here', () => {
    for (const [name, { image, build }] of services) {
      const version = image.split(':')[1] ?? '';
      expect([name, version]).toEqual([
        name,
        expect.stringMatching(build === undefined ? /^v?\d+\.\d+(\.\d+)?(-|$)/ : /^local$/),
      ]);
    }
  });

  test('every container has a health check, except the migrations', () => {
    const without = services.filter(([, { healthcheck }]) => healthcheck?.test === undefined);
    // Without a word it would inherit the image's, which can never pass.
    expect(without.map(([name, { healthcheck }]) => [name, healthcheck])).toEqual([
      ['migrate', { disable: true }],
    ]);
    for (const [, { healthcheck }] of services) expect(healthcheck?.test?.[0] ?? 'CMD').toBe('CMD');
  });

  test('no health check starts a second Node, which would take 40 MiB of the memory limit', () => {
    const checks = services.flatMap(([name, { healthcheck }]) =>
      healthcheck?.test ? [[name, healthcheck.test[1]]] : [],
    );
    expect(checks.filter(([, program]) => program === 'node')).toEqual([]);
  });

  test('every container has a memory limit, and the limits of those that run together add up to at most 1.5 GiB without a profile', () => {
    const limits = services.map(([, service]) => mebibytes(service.mem_limit));
    expect(limits.every((limit) => limit > 0)).toBe(true);
    const started = services.filter(([, { profiles }]) => profiles === undefined);
    const sumOf = (counted: typeof started) =>
      counted.reduce((total, [, service]) => total + mebibytes(service.mem_limit), 0);
    // The migrations have ended before the service starts, and the containers that wait for it.
    const waitsForOrders = ([name, { depends_on: needed = {} }]: (typeof started)[number]) =>
      name === 'orders' || 'orders' in needed || 'proxy' in needed;
    expect(sumOf(started.filter(([name]) => name !== 'migrate'))).toBeLessThanOrEqual(1536);
    expect(sumOf(started.filter((each) => !waitsForOrders(each)))).toBeLessThanOrEqual(1536);
  });

  test('every container with a Go program has a GOMEMLIMIT of four fifths of its memory limit', () => {
    for (const [name, { environment, mem_limit: limit }] of services) {
      const own = /^(\d+)MiB$/.exec(String(environment?.['GOMEMLIMIT'] ?? ''))?.[1];
      if (own === undefined) continue;
      expect([name, Number(own) / mebibytes(limit)]).toEqual([name, expect.closeTo(0.8, 1)]);
    }
  });

  test('containers publish ports on the loopback address only, from one block, each with a variable', () => {
    const published = services.flatMap(([, { ports = [] }]) => ports);
    const hostPorts = published.map((port) => Number(/^127\.0\.0\.1:(\d+):\d+$/.exec(port)?.[1]));
    for (const port of hostPorts) {
      expect(port).toBeGreaterThanOrEqual(7070);
      expect(port).toBeLessThanOrEqual(7089);
    }
    expect(new Set(hostPorts).size).toBe(hostPorts.length);
    const variable = raw.match(/['"]127\.0\.0\.1:\$\{\w+_PORT:-\d+\}:\d+['"]/g) ?? [];
    expect(variable).toHaveLength(published.length);
  });

  test('containers mount files of this checkout read-only, and nothing else of the host', () => {
    for (const [name, { volumes = [] }] of services) {
      for (const volume of volumes) {
        const [source = '', target, mode] = volume.split(':');
        expect([name, target]).toEqual([name, expect.stringMatching(/^\//)]);
        if (source.startsWith('./')) {
          expect([volume, mode]).toEqual([volume, 'ro']);
          expect([volume, existsSync(path.join(root, source))]).toEqual([volume, true]);
        } else {
          expect(Object.keys(file.volumes)).toContain(source);
        }
      }
    }
    const keys = new Set(services.flatMap(([, service]) => Object.keys(service)));
    for (const key of ['privileged', 'network_mode', 'pid', 'ipc', 'devices', 'cap_add', 'container_name']) {
      expect(keys).not.toContain(key);
    }
  });

  test('every container has a read-only root file system, except Postgres, which initializes itself', () => {
    const writable = services.filter(([, service]) => service.read_only !== true).map(([name]) => name);
    expect(writable).toEqual(['postgres']);
  });

  test('every container waits until its dependencies are healthy', () => {
    for (const [name, { depends_on: needed = {} }] of services) {
      for (const [other, { condition }] of Object.entries(needed)) {
        const wanted = file.services[other]?.healthcheck?.test
          ? 'service_healthy'
          : 'service_completed_successfully';
        expect([name, other, condition]).toEqual([name, other, wanted]);
      }
    }
  });

  test('every container restarts when it dies, and the migrations are retried', () => {
    const policies = Object.fromEntries(services.map(([name, { restart }]) => [name, restart]));
    const { migrate, ...others } = policies;
    expect(migrate).toBe('on-failure:5');
    expect(new Set(Object.values(others))).toEqual(new Set(['unless-stopped']));
  });
});

test('a container that starts as a fixed user can write to its working folder', () => {
  const { user, tmpfs } = file.services['valkey'] ?? {};
  const [uid, gid] = (user ?? '').split(':');
  expect(tmpfs).toEqual([`/data:uid=${uid},gid=${gid},mode=0700`]);
});

// Docker gives a new volume the owner of the folder that it covers, and to root if there is none.
test('the image has a folder of its own user where its containers have a volume', async () => {
  const volumes = services.flatMap(([, { build, volumes: own = [] }]) => (build === '.' ? own : []));
  const folders = volumes.filter((volume) => !volume.startsWith('.')).map((volume) => volume.split(':')[1]);
  expect(folders).toContain('/var/lib/evidence');
  const [, given = ''] = /chown 1000:1000 (.+)/.exec(await read('Dockerfile')) ?? [];
  expect(given.split(' ')).toEqual(expect.arrayContaining(folders));
});

test('the first heartbeat finds Alertmanager and the pager', () => {
  // Prometheus sends it with the first evaluation of its rules.
  expect(file.services['prometheus']?.depends_on).toEqual({
    alertmanager: { condition: 'service_healthy' },
    simulator: { condition: 'service_healthy' },
  });
});

test('Grafana keeps the provisioning folders of its image', () => {
  const mounted = (file.services['grafana']?.volumes ?? []).map((volume) => volume.split(':')[1]);
  expect(mounted).not.toContain('/etc/grafana/provisioning');
  expect(mounted).toEqual(
    expect.arrayContaining(['/etc/grafana/provisioning/dashboards', '/etc/grafana/provisioning/datasources']),
  );
});

test('the service publishes no port, so that it can have several replicas', () => {
  expect(file.services['orders']?.ports).toBeUndefined();
  expect(file.services['orders']?.expose).toEqual([7070, 7071]);
});

// HAProxy drains a slot for as long as no agent says otherwise, also when another replica has taken it over.
test('every replica behind the proxy answers its agent check', async () => {
  const [, port] = /agent-port (\d+)/.exec(await read('stack/haproxy/haproxy.cfg')) ?? [];
  const replicas = services.filter(([, { environment }]) => environment?.['TRUST_PROXY'] === '1');
  expect(replicas.map(([name]) => name)).toContain('orders');
  const silent = replicas.filter(([, { environment }]) => environment?.['AGENT_PORT'] !== port);
  expect(silent.map(([name]) => name)).toEqual([]);
});

describe('the native stack', () => {
  test('the native stack runs the same versions as the containers', async () => {
    const defaults = variablesIn(raw);
    const version = (name: string) => defaults.get(name)?.replace(/^v/, '').replace(/-.*$/, '');
    expect(Object.fromEntries(Object.entries(tools).map(([name, tool]) => [name, tool.version]))).toEqual({
      'otel-collector': version('COLLECTOR_VERSION'),
      jaeger: version('JAEGER_VERSION'),
      prometheus: version('PROMETHEUS_VERSION'),
      loki: version('LOKI_VERSION'),
      alertmanager: version('ALERTMANAGER_VERSION'),
      grafana: version('GRAFANA_VERSION'),
      redis: version('VALKEY_VERSION'),
    });
    const { dist } = parse(await read('otel-collector/builder.yaml')) as { dist: { version: string } };
    expect(dist.version).toBe(version('COLLECTOR_VERSION'));
    expect(await read('otel-collector/Dockerfile')).toContain(`COLLECTOR_VERSION=${dist.version}\n`);
  });

  test('the native stack scrapes the same jobs as the containers, at other addresses', async () => {
    const text = await read('prometheus/prometheus.yml');
    const targets = (yaml: string) =>
      Object.fromEntries(
        (parse(yaml) as PrometheusConfig).scrape_configs.map(
          ({ job_name: job, static_configs: fixed = [], dns_sd_configs: discovered = [] }) => [
            job,
            fixed
              .flatMap((each) => each.targets)
              .concat(discovered.flatMap(({ names, port }) => names.map((name) => `${name}:${port}`))),
          ],
        ),
      );
    const inContainers = targets(text);
    // Every address names a container, or Prometheus itself.
    for (const address of Object.values(inContainers).flat()) {
      expect([...services.map(([name]) => name), 'localhost']).toContain(address.split(':')[0]);
    }

    const native = prometheusConfig(
      text,
      { 'orders:7071': '127.0.0.1:1', 'localhost:9090': '127.0.0.1:2' },
      '/rules/*.yml',
    );
    const nowhere = Object.fromEntries(Object.keys(inContainers).map((job) => [job, []]));
    expect(targets(native)).toEqual({ ...nowhere, orders: ['127.0.0.1:1'], prometheus: ['127.0.0.1:2'] });
    expect(parse(native)).toMatchObject({ rule_files: ['/rules/*.yml'], global: { scrape_interval: '5s' } });
  });
});

interface PrometheusConfig {
  scrape_configs: Array<{
    job_name: string;
    static_configs?: Array<{ targets: string[] }>;
    dns_sd_configs?: Array<{ names: string[]; port: number }>;
  }>;
}

test('data sources of Grafana refer to each other by existing uids', async () => {
  const text = await read('grafana/provisioning/datasources/datasources.yml');
  const { datasources } = parse(text) as { datasources: Array<{ uid: string; url: string }> };
  const uids = datasources.map(({ uid }) => uid);
  const named = [...text.matchAll(/datasourceUid: (\w+)/g)].map(([, uid]) => uid);
  expect(named.length).toBeGreaterThan(3);
  for (const uid of named) expect(uids).toContain(uid);
  const environment = Object.keys(file.services['grafana']?.environment ?? {});
  for (const { url } of datasources) expect(environment).toContain(url.replace(/^\$/, ''));
});
