import { expect, test } from 'vitest';
import { podsOf, render, required } from './support/helm.ts';

/** What Helm says about values that are wrong, before anything reaches a cluster. */

const withCollector =
  'collector.enabled=true,collector.traces=http://traces:4318,collector.logs=http://logs:4318';

test.each([
  ['replcas=3', 'replcas'],
  ['config.PAYMENT_DEADLIN=3s', 'PAYMENT_DEADLIN'],
  ['autoscaling.maxReplica=9', 'maxReplica'],
  ['resources.limits.memory=512M', 'memory'],
  ['collector.enabled=true', 'collector.traces'],
  // Every export would fail.
  [`${withCollector},config.OTEL_EXPORTER_OTLP_PROTOCOL=grpc`, 'OTEL_EXPORTER_OTLP_PROTOCOL'],
  [`${withCollector},config.OTEL_EXPORTER_OTLP_LOGS_PROTOCOL=grpc`, 'over HTTP'],
  ['evidence.enabled=true,evidence.url=', 'evidence.url'],
  ['evidence.config.EVIDENCE_WINDO=1h', 'EVIDENCE_WINDO'],
  ['evidence.config.EVIDENCE_PROFILE_SECONDS=600', 'EVIDENCE_PROFILE_SECONDS'],
  ['autoscaling.maxReplicas=2', 'autoscaling.maxReplicas'],
  ['monitoring.enabled=true', 'monitoring.rules.runbookUrl'],
  ['autoscaling.maxReplicas=50', 'database.connections'],
  // Six replicas, one that comes and one that goes, with twelve connections each.
  ['database.connections=95', 'database.connections'],
  ['shutdown.drainDelaySeconds=10', 'database.connections'],
  ['agentCheck.enabled=true,agentCheck.port=7071', 'agentCheck.port'],
  ['resources=null', 'resources'],
  ['evidence.resources.limits=null', 'limits'],
  ['config.METRICS_NAMES=opentelemetry,autoscaling.admission.enabled=true', 'METRICS_NAMES'],
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

test('Helm takes gRPC where it does not lead to the Collector of the chart', async () => {
  const grpc = 'config.OTEL_EXPORTER_OTLP_PROTOCOL=grpc';
  const elsewhere = [
    `telemetry.endpoint=https://otlp.example.com:4317,${grpc}`,
    `${withCollector},telemetry.endpoint=https://otlp.example.com:4317,${grpc}`,
    `${withCollector},config.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc,config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://own:4317`,
  ];
  for (const setting of elsewhere)
    expect(await render([...required, '--set', setting]), setting).not.toEqual([]);
});

test('Helm asks for the URL of the gateway', async () => {
  await expect(render([])).rejects.toThrow('paymentGateway.url is required');
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

test('names and amounts that YAML would read as numbers reach Kubernetes as texts', async () => {
  const flags = ['paymentGateway.authorization', 'evidence.enabled', 'collector.enabled'];
  const texts = {
    secretName: '20260101',
    priorityClassName: '1000',
    'evidence.existingClaim': '77',
    'collector.authorizationKey': '42',
    // Bytes.
    'collector.router.goMemoryLimit': '213909504',
    'collector.traces': 'http://traces:4318',
    'collector.logs': 'http://logs:4318',
  };
  const objects = await render([
    ...required,
    ...flags.flatMap((flag) => ['--set', `${flag}=true`]),
    ...Object.entries(texts).flatMap(([name, text]) => ['--set-string', `${name}=${text}`]),
  ]);
  const numbers = [...JSON.stringify(objects).matchAll(/"[a-zA-Z]+":(?:20260101|1000|77|42|213909504)\b/g)];
  // The users of the containers.
  const others = numbers
    .map(([pair]) => pair)
    .filter((pair) => !/^"(?:runAs|fs)(?:User|Group)":1000$/.test(pair));
  expect(others).toEqual([]);
});
