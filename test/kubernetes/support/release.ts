import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { connect, eventually, type Cluster, type KubeObject } from './cluster.ts';
import { helm, install, required } from './helm.ts';
import { createNodes, onTheseNodes, type Nodes } from './nodes.ts';
import { pretend, type Behaviour, type Workload } from './workload.ts';

/** A namespace with the chart in it, on nodes of the test. */
export interface Release {
  cluster: Cluster;
  namespace: string;
  nodes: Nodes;
  /** Pods in the order in which they came onto a node, those that are gone included. */
  came: { name: string; component: string }[];
  /** What the pods of each component do from now on. */
  behaviours: Record<string, Behaviour>;
  upgrade(...settings: string[]): Promise<string>;
  /** To the last revision that ran. */
  rollback(): Promise<string>;
  /** Those of the service that are not about to go. */
  replicas(): Promise<KubeObject[]>;
  deployment(): Promise<KubeObject>;
  remove(): Promise<void>;
}

/** The namespace asks the API server for the restricted profile, so a pod that is less is refused. */
const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };

export interface ReleaseOptions {
  /** Starts what a pod runs. Without it, pods have no processes, and `behaviours` says what they do. */
  process?: (cluster: Cluster, namespace: string, pod: KubeObject, ip: string) => Promise<Workload>;
  /** Of the Secret that the chart refers to. */
  secret?: Record<string, string>;
}

export async function createRelease({
  process,
  secret = { DATABASE_URL: 'postgres://unread', API_KEYS: 'unread' },
}: ReleaseOptions = {}): Promise<Release> {
  const run = randomBytes(3).toString('hex');
  const namespace = `orders-test-${run}`;
  const cluster = await connect();
  await cluster.request('POST', '/api/v1/namespaces', { metadata: { name: namespace, labels: restricted } });
  await cluster.apply(
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'orders' }, stringData: secret },
    namespace,
  );
  const behaviours: Release['behaviours'] = {
    api: { readyAfter: 500, endsAfter: 500 },
    migrations: { readyAfter: 0, exitCode: 0, endsAfter: 0 },
  };
  const came: Release['came'] = [];
  const nodes = await createNodes(cluster, {
    run,
    namespace,
    async start(pod, ip) {
      const { name, labels } = pod.metadata;
      const component = labels?.['app.kubernetes.io/component'] ?? '';
      came.push({ name, component });
      return process
        ? process(cluster, namespace, pod, ip)
        : pretend(() => behaviours[component] ?? { readyAfter: 0, endsAfter: 0 });
    },
  });
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  return {
    cluster,
    namespace,
    nodes,
    came,
    behaviours,
    upgrade: (...settings) =>
      install(namespace, [
        ...required,
        ...onTheseNodes(run),
        ...settings.flatMap((setting) => ['--set', setting]),
      ]),
    async rollback() {
      // Without a number, Helm takes the one before, even if it failed and never ran.
      const history = await helm('history', 'orders', '--namespace', namespace, '--output', 'json');
      const ran = (JSON.parse(history) as { revision: number; status: string }[])
        .filter(({ status }) => status === 'superseded')
        .map(({ revision }) => revision);
      return helm(
        'rollback',
        'orders',
        String(Math.max(...ran)),
        '--namespace',
        namespace,
        '--timeout',
        '2m',
      );
    },
    async replicas() {
      const all = await cluster.list(`${pods}?labelSelector=app.kubernetes.io/component%3Dapi`);
      return all.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    },
    deployment: () => cluster.get(`/apis/apps/v1/namespaces/${namespace}/deployments/orders`),
    async remove() {
      await cluster.remove(`/api/v1/namespaces/${namespace}`);
      await eventually(async () => (await cluster.list(pods)).length === 0);
      await nodes.stop();
      await cluster.close();
    },
  };
}

export const isReady = ({ status }: KubeObject): boolean =>
  (status as { conditions?: { type: string; status: string }[] }).conditions?.some(
    ({ type, status: holds }) => type === 'Ready' && holds === 'True',
  ) ?? false;

/** Waits until the Deployment is what was asked for, and nothing of what it was before is left. */
export async function rolledOut({ deployment, replicas }: Release, count: number): Promise<void> {
  await expect
    .poll(async () => {
      const { metadata, status } = (await deployment()) as unknown as {
        metadata: { generation: number };
        status: { observedGeneration?: number; updatedReplicas?: number; availableReplicas?: number };
      };
      return {
        seen: status.observedGeneration === metadata.generation,
        updated: status.updatedReplicas,
        available: status.availableReplicas,
        pods: (await replicas()).length,
      };
    })
    .toEqual({ seen: true, updated: count, available: count, pods: count });
}
