import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { recipes } from '../../stack/native/backends.ts';
import { anyPorts } from '../../stack/native/ports.ts';

/** Checks the files that change the stack of docker-compose.yml, without running a container. */

interface Service {
  profiles?: string[];
  ports?: string[];
  command?: string[];
  mem_limit?: string;
  volumes?: string[];
  depends_on?: Record<string, { condition?: string; required?: boolean }>;
  environment?: Record<string, string | number>;
  develop?: { watch: Array<{ action: string; path: string; target?: string }> };
}

const files = ['stack/minimal.yml', 'stack/develop.yml'] as const;

async function servicesOf(file: string): Promise<Map<string, Service>> {
  const text = (await readFile(file, 'utf8')).replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
  const { services } = parse(text, { merge: true }) as {
    services: Record<string, Service>;
  };
  return new Map(Object.entries(services));
}

/** The services that files start together, as Compose merges them: lists are joined, except a command. */
async function startedBy(
  more: readonly string[],
  profiles: readonly string[],
): Promise<Map<string, Service>> {
  const merged = new Map<string, Service>();
  for (const file of ['docker-compose.yml', ...more]) {
    for (const [name, service] of await servicesOf(file)) {
      const before = merged.get(name) ?? {};
      merged.set(name, {
        ...before,
        ...service,
        profiles: [...(before.profiles ?? []), ...(service.profiles ?? [])],
        ports: [...(before.ports ?? []), ...(service.ports ?? [])],
      });
    }
  }
  const isStarted = (own: readonly string[] = []) =>
    own.length === 0 || own.some((profile) => profiles.includes(profile));
  return new Map([...merged].filter(([, { profiles: own }]) => isStarted(own)));
}

/** Each combination of files, without a profile and with each one that a page or a comment tells to name. */
async function combinations() {
  const texts = await Promise.all(
    ['docs/commands.md', 'docs/stack.md', 'docs/logs.md', 'docker-compose.yml', ...files].map((file) =>
      readFile(file, 'utf8'),
    ),
  );
  const named = [...texts.join('').matchAll(/--profile (?<name>[\w-]+)/g)].map(
    ({ groups }) => groups?.['name'] ?? '',
  );
  return [[], ['stack/minimal.yml'], ['stack/develop.yml'], [...files]].flatMap((more) =>
    [[], ...[...new Set(named)].map((profile) => [profile])].map((profiles) => ({ more, profiles })),
  );
}

const mebibytes = (limit: string | undefined): number => Number(/^(\d+)m$/.exec(limit ?? '')?.[1] ?? NaN);

test.each(files)('%s changes services of docker-compose.yml and adds none', async (file) => {
  const whole = await servicesOf('docker-compose.yml');
  expect([...(await servicesOf(file)).keys()].filter((name) => !whole.has(name))).toEqual([]);
});

test('the minimal stack has less than 600 MiB, and nothing in it waits for a container that is left out', async () => {
  const whole = await servicesOf('docker-compose.yml');
  const minimal = await servicesOf('stack/minimal.yml');
  const started = [...whole].filter(
    ([name, { profiles }]) => profiles === undefined && minimal.get(name)?.profiles === undefined,
  );
  expect(started.map(([name]) => name).toSorted()).toEqual([
    'jaeger',
    'migrate',
    'orders',
    'otel-collector',
    'postgres',
    'simulator',
  ]);
  const limits = started
    // It has ended before the service starts.
    .filter(([name]) => name !== 'migrate')
    .map(([name, { mem_limit: limit }]) => mebibytes(minimal.get(name)?.mem_limit ?? limit));
  expect(limits.reduce((sum, limit) => sum + limit, 0)).toBeLessThanOrEqual(600);
  const names = new Set(started.map(([name]) => name));
  for (const [name, { depends_on: needed }] of started) {
    const waitsFor = Object.entries({ ...needed, ...minimal.get(name)?.depends_on });
    const inVain = waitsFor.filter(([other, { required = true }]) => required && !names.has(other));
    expect([name, inVain]).toEqual([name, []]);
  }
});

test('no two containers that are started together publish one port', async () => {
  for (const { more, profiles } of await combinations()) {
    const ports = [...(await startedBy(more, profiles)).values()].flatMap((service) => service.ports ?? []);
    const published = ports.map((each) => each.split(':').slice(0, -1).join(':'));
    const twice = published.filter((port, index) => published.indexOf(port) !== index);
    expect([more, profiles, twice]).toEqual([more, profiles, []]);
  }
});

interface CollectorConfig {
  receivers: Record<string, { endpoint?: string }>;
  exporters: Record<string, { endpoint?: string }>;
  service: { pipelines: Record<string, { receivers: string[]; exporters: string[] }> };
}

/** The files of a Collector's command, each on top of the one before: objects are merged, lists are replaced. */
async function collectorConfig({ command = [] }: Service): Promise<CollectorConfig> {
  const names = command.map((argument) => argument.replace('--config=/etc/otelcol/', 'otel-collector/'));
  const parsed = await Promise.all(
    names.map(async (name) => parse(await readFile(name, 'utf8')) as CollectorConfig),
  );
  return parsed.reduce(onTop);
}

function onTop<T>(below: T, above: T): T {
  if (!isObject(below) || !isObject(above)) return above;
  const both = { ...below, ...above };
  for (const key in above) if (key in below) both[key] = onTop(below[key], above[key]);
  return both;
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Those that its pipelines read from or send to, without its own listeners. */
function hostsOf({ receivers, exporters, service }: CollectorConfig): string[] {
  const pipelines = Object.values(service.pipelines);
  const used = [
    ...pipelines.flatMap((pipeline) => pipeline.receivers).map((name) => receivers[name]?.endpoint),
    ...pipelines.flatMap((pipeline) => pipeline.exporters).map((name) => exporters[name]?.endpoint),
  ];
  return used.flatMap((endpoint = '') => {
    const host = /:-(?:https?:\/\/)?(?<host>[\w.-]+):/.exec(endpoint)?.groups?.['host'];
    return host === undefined || host === '0.0.0.0' ? [] : host;
  });
}

test('the Collector reads from and sends to containers that are started with it', async () => {
  for (const { more, profiles } of await combinations()) {
    const services = await startedBy(more, profiles);
    const collector = services.get('otel-collector') ?? {};
    const hosts = hostsOf(await collectorConfig(collector));
    expect(hosts).toContain('jaeger');
    expect([more, hosts.filter((host) => !services.has(host))]).toEqual([more, []]);
  }
});

test('programs in Go of the minimal stack collect garbage below its smaller limits', async () => {
  const shares = [...(await servicesOf('stack/minimal.yml'))].flatMap(([name, service]) => {
    const own = /^(\d+)MiB$/.exec(String(service.environment?.['GOMEMLIMIT'] ?? ''))?.[1];
    return own === undefined ? [] : [[name, Number(own) / mebibytes(service.mem_limit)]];
  });
  expect(shares).toEqual([
    ['otel-collector', expect.closeTo(0.8, 1)],
    ['jaeger', expect.closeTo(0.8, 1)],
  ]);
});

test('the stack for development watches files that exist, and copies each to where the image has it', async () => {
  for (const [, { develop }] of await servicesOf('stack/develop.yml')) {
    for (const { path, target } of develop?.watch ?? []) {
      expect([path, existsSync(path)]).toEqual([path, true]);
      if (target !== undefined) expect(target).toBe(`/app/${path}`);
    }
  }
});

// Podman starts what a container requires and has ended, and refuses if that requires another one that runs.
test('nothing requires a container that ends and itself requires another', async () => {
  const services = await servicesOf('docker-compose.yml');
  const ended = [...services.values()].flatMap(({ depends_on: needed = {} }) =>
    Object.entries(needed).flatMap(([name, { condition }]) =>
      condition === 'service_completed_successfully' ? [name] : [],
    ),
  );
  expect(new Set(ended)).toEqual(new Set(['migrate']));
  expect(services.get('migrate')?.depends_on).toBeUndefined();
});

// podman-compose 1.6 cannot read Compose's tags with nested values, merge a text with a number, or put a number into a port.
test('other programs than Docker Compose can read the files', async () => {
  const kinds = new Map<string, Set<string>>();
  for (const file of ['docker-compose.yml', ...files]) {
    expect([file, (await readFile(file, 'utf8')).match(/ !(?:override|reset)\b/g)]).toEqual([file, null]);
    for (const [service, { environment = {} }] of await servicesOf(file)) {
      for (const [name, value] of Object.entries(environment)) {
        const kind = kinds.get(`${service} ${name}`) ?? new Set();
        kinds.set(`${service} ${name}`, kind.add(typeof value));
      }
    }
  }
  expect([...kinds].filter(([, types]) => types.size > 1)).toEqual([]);
  const text = await readFile('docker-compose.yml', 'utf8');
  const published = new Set(Array.from(text.matchAll(/"127\.0\.0\.1:\$\{(\w+):-/g), ([, name]) => name));
  const numbers = [...kinds].filter(
    ([place, types]) => published.has(place.split(' ')[1]) && types.has('number'),
  );
  expect(numbers).toEqual([]);
});

test('the programs of the native stack keep as much as the containers, and link to where they listen', async () => {
  const services = await servicesOf('docker-compose.yml');
  const optionsOf = (name: string) => services.get(name)?.command ?? [];
  const dataDir = await mkdtemp(`${tmpdir()}/native-`);
  await using folder = new AsyncDisposableStack();
  folder.defer(() => rm(dataDir, { recursive: true, force: true }));
  const ports = await anyPorts();
  const surroundings = { ports, dataDir, postgresUrl: '', hasLoki: true, hasAlertmanager: true };
  const [prometheus, alertmanager, redis] = await Promise.all(
    (['prometheus', 'alertmanager', 'redis'] as const).map((name) => recipes[name](surroundings)),
  );
  const retention = optionsOf('prometheus').find((option) => option.includes('retention.time'));
  expect(prometheus?.args).toContain(retention);
  const memory = optionsOf('valkey')[optionsOf('valkey').indexOf('--maxmemory') + 1];
  expect(redis?.args.join(' ')).toContain(`--maxmemory ${memory} `);
  expect(prometheus?.args).toContain(`--web.external-url=http://127.0.0.1:${ports.PROMETHEUS_PORT}`);
  expect(alertmanager?.args).toContain(`--web.external-url=http://127.0.0.1:${ports.ALERTMANAGER_PORT}`);
});
