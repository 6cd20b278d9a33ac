import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

/** Checks the files that change the stack of docker-compose.yml, without running a container. */

interface Service {
  profiles?: string[];
  mem_limit?: string;
  volumes?: string[];
  depends_on?: Record<string, unknown>;
  environment?: Record<string, string | number>;
  develop?: { watch: Array<{ action: string; path: string; target?: string }> };
}

const files = ['stack/minimal.yml', 'stack/develop.yml'] as const;

/** Compose's own tag; what it marks replaces the value of the other file. */
const override = { tag: '!override', collection: 'map' as const, resolve: (value: unknown) => value };

async function servicesOf(file: string): Promise<Map<string, Service>> {
  const text = (await readFile(file, 'utf8')).replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
  const { services } = parse(text, { merge: true, customTags: [override] }) as {
    services: Record<string, Service>;
  };
  return new Map(Object.entries(services));
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
    const waitsFor = Object.keys(minimal.get(name)?.depends_on ?? needed ?? {});
    expect([name, waitsFor.filter((other) => !names.has(other))]).toEqual([name, []]);
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
