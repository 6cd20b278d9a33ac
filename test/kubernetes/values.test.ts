import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { chartValues, podsOf, render, required, root, type Values } from './support/helm.ts';

/** What Helm says about values that are wrong, before anything reaches a cluster. */

test.each([
  ['replcas=3', 'replcas'],
  ['config.PAYMENT_DEADLIN=3s', 'PAYMENT_DEADLIN'],
  ['autoscaling.maxReplica=9', 'maxReplica'],
  ['resources.limits.memory=512M', 'memory'],
  ['collector.enabled=true', 'collector.traces'],
  ['evidence.enabled=true,evidence.url=', 'evidence.url'],
  ['evidence.config.EVIDENCE_WINDO=1h', 'EVIDENCE_WINDO'],
  ['evidence.config.EVIDENCE_PROFILE_SECONDS=600', 'EVIDENCE_PROFILE_SECONDS'],
  ['autoscaling.maxReplicas=2', 'autoscaling.maxReplicas'],
  ['monitoring.enabled=true', 'monitoring.rules.runbookUrl'],
  ['autoscaling.maxReplicas=50', 'database.connections'],
  ['agentCheck.enabled=true,agentCheck.port=7071', 'agentCheck.port'],
  ['resources=null', 'resources'],
  ['evidence.resources.limits=null', 'limits'],
  ['replicas=0', 'replicas'],
  ['replicas=2.5', 'replicas'],
  ['secretName=', 'secretName'],
  ['config.DATABASE_POOL_MAX=', 'DATABASE_POOL_MAX'],
  // The API server would refuse these when a part of the release is there.
  ['networkPolicy.admin[0].namespaceSelector.matchLabls.name=x', 'matchLabls'],
  ['networkPolicy.proxies[0].podSelectr.matchLabels.name=x', 'podSelectr'],
  ['networkPolicy.egress.redis.to[0].ipBlok.cidr=10.0.0.0/8', 'ipBlok'],
])('Helm refuses --set %s, and names %s', async (setting, name) => {
  await expect(render([...required, '--set', setting])).rejects.toThrow(name);
});

test('Helm asks for the URL of the gateway', async () => {
  await expect(render([])).rejects.toThrow('paymentGateway.url is required');
});

test('a default that is deleted with null is missed by its name, at every level', async () => {
  const paths = (value: unknown, at = ''): string[] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).flatMap(([key, each]) => [`${at}${key}`].concat(paths(each, `${at}${key}.`)))
      : [];
  const all = paths(await chartValues());
  expect(all).toContain('resources.limits');
  // Somebody else decides on the number; what is under these names is free.
  const free = /^replicas$|^(?:config|podAnnotations|monitoring\.\w+\.(?:labels|annotations))\.|matchLabels/;
  const valid = new Ajv({ allowUnionTypes: true }).compile(
    JSON.parse(await readFile(path.join(root, 'deploy/chart/values.schema.json'), 'utf8')) as object,
  );
  expect(valid(await chartValues())).toBe(true);
  for (const name of all.filter((each) => !free.test(each))) {
    const values = await chartValues();
    const keys = name.split('.');
    const last = keys.pop() ?? '';
    const parent = keys.reduce((at, key) => at[key] as Values, values);
    delete parent[last];
    expect(valid(values), name).toBe(false);
    expect(valid.errors?.map(({ params }) => params['missingProperty'] as unknown)).toEqual([last]);
  }
});

test.each([
  ['a name as long as Helm allows', 'a'.repeat(53), []],
  ['a name that YAML would read as a number', '1e3', []],
  [
    'a tag as long as a registry allows',
    'orders',
    ['--set', `image.tag=${'a'.repeat(62)}-${'b'.repeat(65)}`],
  ],
])('%s gives names and labels that Kubernetes takes', async (_what, release, settings) => {
  const collector = ['enabled=true', 'traces=http://traces:4318', 'logs=http://logs:4318'];
  const objects = await render(
    [
      ...required,
      ...settings,
      ...[...collector.map((each) => `collector.${each}`), 'evidence.enabled=true'].flatMap((each) => [
        '--set',
        each,
      ]),
    ],
    release,
  );
  for (const { kind, metadata } of objects) {
    // The pods of a StatefulSet have its name and the hash of its revision as a label.
    const most = kind === 'StatefulSet' ? 63 - '-0123456789'.length : 63;
    expect(metadata.name.length, metadata.name).toBeLessThanOrEqual(most);
  }
  const labels = [
    ...objects.map(({ metadata }) => metadata.labels ?? {}),
    ...podsOf(objects).map(([, { metadata }]) => metadata.labels),
  ];
  for (const value of labels.flatMap((each) => Object.values<unknown>(each)))
    expect(value).toMatch(/^(?=.{1,63}$)[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/);
});
