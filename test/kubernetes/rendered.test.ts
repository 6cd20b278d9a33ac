import { expect, test } from 'vitest';
import { servicePorts } from './support/service-defaults.ts';
import { helm, objectsIn, podsOf, render, required, root, variations } from './support/helm.ts';
import type { KubeObject } from './support/cluster.ts';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { selects } from './support/selectors.ts';
import { violations } from './support/policies.ts';

/** What Helm makes of the chart, for the default values and each documented variation. */

const rendered = new Map<string, KubeObject[]>();
for (const [name, options] of variations) rendered.set(name, await render(options));
const demo = objectsIn(await readFile(path.join(root, 'deploy/kind/dependencies.yaml'), 'utf8'));
const each = [...rendered];

test.each([...each, ['kind/dependencies.yaml', demo] as const])(
  'every pod of %s has limits, no root, no token, no capability and a read-only root',
  (_name, objects) => {
    const pods = podsOf(objects);
    expect(pods.length).toBeGreaterThan(1);
    expect(pods.flatMap(([owner, pod]) => violations(owner, pod))).toEqual([]);
  },
);

test.each(each)('every selector of %s matches exactly the pods that it is meant for', (_name, objects) => {
  const pods = podsOf(objects);
  for (const object of objects) {
    const wanted = selects(object);
    if (wanted === undefined) continue;
    const found = pods.filter(([, { metadata }]) => wanted.matches(metadata.labels)).map(([owner]) => owner);
    expect(found, `${object.kind} ${object.metadata.name}`).toHaveLength(1);
  }
});

test.each(each)(
  'every port that a Service or a policy of %s names is a port of its pods',
  (_name, objects) => {
    const pods = podsOf(objects);
    for (const object of objects) {
      const wanted = selects(object);
      if (wanted === undefined) continue;
      const [, pod] = pods.find(([, { metadata }]) => wanted.matches(metadata.labels)) ?? [];
      const ports = (pod?.spec.containers ?? [])
        .flatMap((container) => container.ports ?? [])
        .map(({ name }) => name);
      for (const port of wanted.portNames)
        expect(ports, `${object.kind} ${object.metadata.name}`).toContain(port);
    }
  },
);

test.each(each)('the service of %s listens where its ports, probes and Services say', (_name, objects) => {
  const [, api] = podsOf(objects).find(([owner]) => owner === 'Deployment orders') ?? [];
  const ports = api?.spec.containers[0]?.ports ?? [];
  expect(Object.fromEntries(ports.map(({ name, containerPort }) => [name, containerPort]))).toMatchObject(
    servicePorts,
  );
  const config = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'orders');
  // Of another address, no probe would get an answer.
  expect(config?.['data']).toMatchObject({ HOST: '0.0.0.0', ADMIN_HOST: '0.0.0.0', NODE_ENV: 'production' });
});

test('the grace period of the pod outlasts preStop and the deadline of the shutdown, which outlasts the drain', async () => {
  const objects = await render([
    ...required,
    '--set',
    'shutdown.preStopSeconds=20',
    '--set',
    'shutdown.deadlineSeconds=30',
    '--set',
    'database.connections=150',
  ]);
  const [, api] = podsOf(objects).find(([owner]) => owner === 'Deployment orders') ?? [];
  expect(api?.spec.terminationGracePeriodSeconds).toBe(55);
  expect(api?.spec.containers[0]?.lifecycle?.preStop?.sleep?.seconds).toBe(20);
  await expect(render([...required, '--set', 'shutdown.drainDelaySeconds=15'])).rejects.toThrow(
    'shutdown.drainDelaySeconds',
  );
});

test('numbers reach the variables as they were written', async () => {
  const objects = await render([
    ...required,
    '--set',
    'config.BODY_LIMIT_BYTES=1048576',
    '--set',
    'config.BREAKER_ERROR_SHARE=0.25',
  ]);
  const config = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'orders');
  expect(config?.['data']).toMatchObject({ BODY_LIMIT_BYTES: '1048576', BREAKER_ERROR_SHARE: '0.25' });
});

test('no alert links to the stack of this machine, and those of the cluster are left out', () => {
  const rules = (rendered.get('managed') ?? []).filter(({ kind }) => kind === 'PrometheusRule');
  expect(rules).toHaveLength(4);
  const text = JSON.stringify(rules);
  expect(text).not.toMatch(/127\.0\.0\.1|RUNBOOK_URL|GRAFANA_URL/);
  expect(text).toContain('https://runbooks.example.com/orders/service-down.md');
  expect(text).toContain('{{ $labels.instance }}');
  expect(text).not.toMatch(/"alert":"(Watchdog|TargetDown)"/);
  expect(text).toMatch(/"alert":"ServiceDown"/);
});

// Grafana's own root_url ends in a slash.
test('links of alerts have one slash after an address that ends in one', async () => {
  const addresses = ['runbookUrl=https://runbooks.example.com/', 'grafanaUrl=https://example.com/grafana/'];
  const settings = ['enabled=true', ...addresses.map((address) => `rules.${address}`)];
  const objects = await render([
    ...required,
    ...settings.flatMap((setting) => ['--set', `monitoring.${setting}`]),
  ]);
  const rules = objects.filter(({ kind }) => kind === 'PrometheusRule');
  const links = [...JSON.stringify(rules).matchAll(/https:[^"]*/g)].map(([link]) => link);
  expect(links).toContain('https://example.com/grafana/d/orders-service');
  expect(links.filter((link) => /[^:]\/\//.test(link))).toEqual([]);
});

test('the admin port is behind no Service that leads out of the cluster', () => {
  for (const [name, objects] of rendered) {
    const services = objects.filter(({ kind }) => kind === 'Service');
    expect(new Set(services.map(({ spec }) => (spec as { type: string }).type)), name).toEqual(
      new Set(['ClusterIP']),
    );
    expect(objects.map(({ kind }) => kind)).not.toContain('Ingress');
  }
});

test('every release of the chart has names of its own', async () => {
  const objects = await render(required, 'blue');
  const shared = objects.filter(({ metadata }) => !metadata.name.startsWith('blue-orders'));
  expect(shared).toEqual([]);
});

test('telemetry without a receiver goes nowhere, so that none counts as dropped', async () => {
  const configOf = async (...settings: string[]) => {
    const objects = await render([...required, ...settings.flatMap((setting) => ['--set', setting])]);
    return objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'orders')?.[
      'data'
    ] as object;
  };
  expect(await configOf()).toMatchObject({ OTEL_TRACES_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' });
  expect(await configOf('config.OTEL_TRACES_EXPORTER=console')).toMatchObject({
    OTEL_TRACES_EXPORTER: 'console',
  });
  const sent = await configOf('telemetry.endpoint=https://otlp.example.com');
  expect(sent).toMatchObject({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example.com' });
  expect(sent).not.toHaveProperty('OTEL_TRACES_EXPORTER');
  const traces = await configOf(
    'config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://otlp.example.com/v1/traces',
  );
  expect(traces).not.toHaveProperty('OTEL_TRACES_EXPORTER');
  expect(traces).toMatchObject({ OTEL_LOGS_EXPORTER: 'none' });
});

test('the proxy of values/haproxy.yaml reaches every port that the configuration of the stack asks, and Prometheus its own', async () => {
  const objects = rendered.get('haproxy') ?? [];
  const [, api] = podsOf(objects).find(([owner]) => owner === 'Deployment orders') ?? [];
  const ports = api?.spec.containers[0]?.ports ?? [];
  const policy = objects.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'orders');
  const ingress: { from: object[]; ports: { port: string }[] }[] = policy?.['spec'].ingress ?? [];
  const reachable = (namespace: string) => {
    const rules = ingress.filter(({ from }) => JSON.stringify(from).includes(`name":"${namespace}"`));
    const names = new Set(rules.flatMap((rule) => rule.ports.map(({ port }) => port)));
    return ports.filter(({ name }) => names.has(name)).map(({ containerPort }) => containerPort);
  };
  const config = await readFile(path.join(root, 'stack/haproxy/haproxy.cfg'), 'utf8');
  const asked = [...config.matchAll(/\borders:(\d+)|(?<=server .*port )(\d+)/g)].map(([text]) =>
    Number(text.replace('orders:', '')),
  );
  expect(asked).toContain(servicePorts.admin);
  expect(new Set(reachable('haproxy'))).toEqual(new Set(asked));
  expect(reachable('monitoring')).toEqual([servicePorts.admin]);
});

test('an upgrade does not set the number of replicas while somebody else scales', async () => {
  for (const settings of [[], ['--set', 'autoscaling.enabled=false,replicas=null']]) {
    const objects = await render([...required, ...settings]);
    const deployment = objects.find(({ kind }) => kind === 'Deployment');
    expect(deployment?.['spec']).not.toHaveProperty('replicas');
  }
});

const withEvidence = [...required, '--set', 'evidence.enabled=true'];

test('the evidence receiver reaches the admin port of the replicas and nothing else, and they let it', async () => {
  const objects = await render(withEvidence);
  const policy = (name: string) =>
    objects.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === name)?.['spec'];
  const labels = { 'app.kubernetes.io/name': 'orders', 'app.kubernetes.io/instance': 'orders' };
  const pods = (component: string) => [
    { podSelector: { matchLabels: { ...labels, 'app.kubernetes.io/component': component } } },
  ];
  const [dns, ...others] = policy('orders-evidence').egress;
  expect(dns.ports).toEqual([
    { protocol: 'TCP', port: 53 },
    { protocol: 'UDP', port: 53 },
  ]);
  expect(others).toEqual([{ to: pods('api'), ports: [{ protocol: 'TCP', port: servicePorts.admin }] }]);
  expect(policy('orders').ingress).toContainEqual({
    from: pods('evidence'),
    ports: [{ protocol: 'TCP', port: 'admin' }],
  });
  expect(JSON.stringify(await render(required))).not.toContain('evidence');
});

test('a service whose evidence is taken can be profiled, unless its values say otherwise', async () => {
  const profiling = async (...settings: string[]) => {
    const objects = await render([...withEvidence, ...settings]);
    return objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'orders')?.['data']
      .PROFILING;
  };
  expect(await profiling()).toBe('on');
  expect(await profiling('--set-string', 'config.PROFILING=off')).toBe('off');
});

test('alerts link to evidence, and are routed to its receiver, where there is one', async () => {
  const objects = rendered.get('managed') ?? [];
  const alerts = alertsOf(objects);
  const linked = alerts.filter(({ annotations }) => annotations['evidence_url'] !== undefined);
  const names = linked.map(({ alert }) => alert).toSorted();
  expect(names).toEqual([
    'ErrorBudgetBurnsFast',
    'ErrorBudgetBurnsSteadily',
    'EventLoopSlow',
    'HeapNearlyFull',
  ]);
  for (const { annotations } of linked)
    expect(annotations['evidence_url']).toContain('https://evidence.example.com/?alert=');
  // The operator routes by this label, and the rules drop it where they sum over replicas.
  expect(new Set(alerts.map(({ labels }) => labels['namespace']))).toEqual(new Set(['shop']));

  const { route, receivers } = objects.find(({ kind }) => kind === 'AlertmanagerConfig')?.['spec'] ?? {};
  const matched = route.routes.map(
    ({ matchers: [first] }: { matchers: { value: string }[] }) => first?.value,
  );
  expect(matched.join('|').split('|').toSorted()).toEqual(names);
  expect(
    receivers.map(
      ({ webhookConfigs: [webhook] = [] }: { webhookConfigs?: { url: string }[] }) => webhook?.url,
    ),
  ).toEqual([
    undefined,
    'http://orders-evidence.shop.svc:7081/alerts/cpu',
    'http://orders-evidence.shop.svc:7081/alerts/heap',
  ]);

  const without = await render([
    '--values',
    path.join(root, 'deploy/values/managed.yaml'),
    '--set',
    'evidence.enabled=false',
  ]);
  expect(JSON.stringify(without)).not.toContain('evidence');
});

interface Alert {
  alert: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

const alertsOf = (objects: readonly KubeObject[]): Alert[] =>
  objects
    .filter(({ kind }) => kind === 'PrometheusRule')
    .flatMap(({ spec }) => (spec as { groups: { rules: (Alert | { record: string })[] }[] }).groups)
    .flatMap(({ rules }) => rules)
    .filter((rule) => 'alert' in rule);

test('helm lint has nothing to say', async () => {
  expect(await helm('lint', '--strict', path.join(root, 'deploy/chart'), ...required)).toContain(
    '0 chart(s) failed',
  );
});
