import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { helm, objectsIn, podsOf, render, required, root } from './support/helm.ts';

/** What Helm makes of a new version of the service, and of the chart as a part of another one. */

const withCollector = [
  ...required,
  '--set',
  'collector.enabled=true,collector.traces=http://traces:4318,collector.logs=http://logs:4318',
];

// A sampler that is replaced judges the traces of that moment in parts, and its span metrics begin at 0.
test('a new version of the service replaces no Collector', async () => {
  const collectors = async (tag: string) => {
    const pods = podsOf(await render([...withCollector, '--set', `image.tag=${tag}`]));
    return pods.filter(([owner]) => owner.includes('collector'));
  };
  const before = await collectors('0.1.0');
  expect(before.map(([owner]) => owner).toSorted()).toEqual([
    'Deployment orders-collector-router',
    'StatefulSet orders-collector-sampler',
  ]);
  expect(await collectors('0.2.0')).toEqual(before);
});

test('the rules know the service by its job, also where another chart gives this one a name', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'umbrella-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(path.join(folder, 'charts'));
  await symlink(path.join(root, 'deploy/chart'), path.join(folder, 'charts/orders'));
  const dependency = { name: 'orders', version: '*', alias: 'checkout' };
  await writeFile(
    path.join(folder, 'Chart.yaml'),
    JSON.stringify({ apiVersion: 'v2', name: 'shop', version: '1.0.0', dependencies: [dependency] }),
  );
  const settings = ['paymentGateway.url=http://gateway', 'monitoring.enabled=true'];
  const links = ['runbookUrl', 'grafanaUrl'].map((link) => `monitoring.rules.${link}=https://example.com`);
  const given = [...settings, ...links].map((setting) => `checkout.${setting}`);
  const objects = objectsIn(await helm('template', 'shop', folder, '--set', given.join(',')));
  const monitor = objects.find(({ kind }) => kind === 'ServiceMonitor');
  expect(monitor?.['spec'].endpoints).toMatchObject([
    { port: 'admin', relabelings: [{ targetLabel: 'job', replacement: 'orders' }] },
  ]);
});
