import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { freePort } from '../../../lab/harness/free-port.ts';
import { runPrometheus } from '../../../lab/harness/prometheus.ts';
import { startProgram } from '../../../stack/native/program.ts';
import { findTool } from '../../../stack/native/tools.ts';
import { eventually, type KubeObject } from './cluster.ts';
import { root } from './helm.ts';
import { loopbackOf } from './processes.ts';
import type { Release } from './release.ts';
import { servicePorts } from './service-defaults.ts';

/**
 * A Prometheus that scrapes the replicas, and a prometheus-adapter that answers the cluster's custom.metrics.k8s.io and
 * metrics.k8s.io from it, by the rules of deploy/prometheus-adapter.yaml. The API server must run on this machine, because
 * its Service for the adapter is the name `localhost`.
 */
export interface MetricsAdapter {
  stop(): Promise<void>;
}

/** What cAdvisor measures elsewhere, the replica says of itself: a pod that is a process has no cgroup. */
const resourceRules = {
  cpu: resource('sum by (<<.GroupBy>>) (rate(process_cpu_seconds_total{<<.LabelMatchers>>}[15s]))'),
  memory: resource('sum by (<<.GroupBy>>) (process_resident_memory_bytes{<<.LabelMatchers>>})'),
  window: '15s',
};

function resource(query: string) {
  const overrides = {
    namespace: { resource: 'namespace' },
    pod: { resource: 'pod' },
    node: { resource: 'node' },
  };
  return { containerQuery: query, nodeQuery: query, resources: { overrides }, containerLabel: 'container' };
}

const services = ['v1beta1.custom.metrics.k8s.io', 'v1beta1.metrics.k8s.io'];

export async function startMetricsAdapter(release: Release): Promise<MetricsAdapter> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-adapter-'));
  started.defer(() => rm(folder, { recursive: true }));
  const prometheusUrl = await startPrometheus(release, folder, started);

  const { rules } = parse(await readFile(path.join(root, 'deploy/prometheus-adapter.yaml'), 'utf8')) as {
    rules: { custom: object[] };
  };
  const config = path.join(folder, 'adapter.json');
  // As the chart prometheus-adapter makes it of its values.
  await writeFile(config, JSON.stringify({ rules: rules.custom, resourceRules }));
  const port = await freePort();
  const kubeconfig = process.env['KUBECONFIG'] ?? path.join(homedir(), '.kube/config');
  const adapter = await startProgram({
    name: 'prometheus-adapter',
    command: 'prometheus-adapter',
    args: [
      `--config=${config}`,
      `--prometheus-url=${prometheusUrl}`,
      '--metrics-relist-interval=2s',
      '--metrics-max-age=30s',
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--cert-dir=${folder}`,
      `--lister-kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      '--authentication-skip-lookup',
      '--authorization-always-allow-paths=/*',
    ],
    logFile: path.join(folder, 'adapter.log'),
    ready: () => listens(port),
  });
  started.defer(() => adapter.stop());

  const { cluster, namespace } = release;
  // An API server without a certificate for aggregation asks as nobody.
  const rights = { name: 'metrics-readers' };
  const rbac = 'rbac.authorization.k8s.io';
  await cluster.apply(
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata: rights,
      rules: [
        { apiGroups: ['custom.metrics.k8s.io', 'metrics.k8s.io'], resources: ['*'], verbs: ['get', 'list'] },
      ],
    },
    namespace,
  );
  await cluster.apply(
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: rights,
      roleRef: { apiGroup: rbac, kind: 'Role', ...rights },
      subjects: [{ apiGroup: rbac, kind: 'Group', name: 'system:unauthenticated' }],
    },
    namespace,
  );
  await cluster.request('POST', `/api/v1/namespaces/${namespace}/services`, {
    metadata: { name: 'metrics-adapter' },
    spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] },
  });
  for (const name of services) {
    const [version, ...group] = name.split('.');
    await cluster.apply(
      {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name },
        spec: {
          version,
          group: group.join('.'),
          groupPriorityMinimum: 100,
          versionPriority: 100,
          insecureSkipTLSVerify: true,
          service: { namespace, name: 'metrics-adapter', port },
        },
      },
      namespace,
    );
    const registration = `/apis/apiregistration.k8s.io/v1/apiservices/${name}`;
    started.defer(() => cluster.remove(registration));
    await eventually(async () => isAvailable(await cluster.get(registration)));
  }
  const owned = started.move();
  return { stop: () => owned.disposeAsync() };
}

/** @returns its URL */
async function startPrometheus(
  release: Release,
  folder: string,
  started: AsyncDisposableStack,
): Promise<string> {
  const targets = path.join(folder, 'targets.json');
  await writeFile(targets, '[]');
  const { url, stop } = await runPrometheus({
    command: findTool('prometheus') ?? 'prometheus',
    folder,
    configuration: {
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: [
        { job_name: 'orders', file_sd_configs: [{ files: [targets], refresh_interval: '1s' }] },
      ],
    },
  });
  started.defer(stop);

  const stopping = new AbortController();
  const following = (async () => {
    while (!stopping.signal.aborted) {
      await writeFile(targets, JSON.stringify((await release.replicas()).flatMap(targetOf)));
      await delay(1000, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();
  started.defer(async () => {
    stopping.abort();
    await following;
  });
  return url;
}

/** With the labels that the Prometheus Operator gives the target of a ServiceMonitor. */
function targetOf({ metadata, spec, status }: KubeObject): object[] {
  const { podIP } = status as { podIP?: string };
  if (podIP === undefined) return [];
  const { nodeName } = spec as { nodeName: string };
  return [
    {
      targets: [`${loopbackOf(podIP)}:${servicePorts.admin}`],
      labels: {
        namespace: metadata.namespace,
        pod: metadata.name,
        container: 'orders',
        node: nodeName,
        instance: `${podIP}:${servicePorts.admin}`,
      },
    },
  ];
}

/** Its answers need TLS, with a certificate that it makes for itself. */
async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const isAvailable = ({ status }: KubeObject): boolean =>
  (status as { conditions?: { type: string; status: string }[] } | undefined)?.conditions?.some(
    ({ type, status: holds }) => type === 'Available' && holds === 'True',
  ) ?? false;
