import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, type Cluster, type KubeObject } from './cluster.ts';
import type { StartWorkload, Workload } from './workload.ts';

/**
 * Three nodes in three zones, and what a kubelet reports for the pods on them. The scheduler, the controllers and the API
 * server are those of the cluster; only whether a process runs is decided here, so that a test needs no image, and can have a pod
 * that never becomes ready, or a Job that fails. The nodes are tainted, so that nothing else of the cluster lands on them.
 */

const nodeLabel = 'orders.test/nodes';

/** Values of the chart that put its pods on these nodes. */
export const onTheseNodes = (run: string): string[] => [
  '--set-string',
  `nodeSelector.orders\\.test/nodes=${run}`,
  '--set',
  'tolerations[0].key=orders.test/nodes,tolerations[0].operator=Exists,tolerations[0].effect=NoSchedule',
];

export interface Nodes {
  names: readonly string[];
  /** Ends the pretence, and removes the nodes. */
  stop(): Promise<void>;
}

export async function createNodes(
  cluster: Cluster,
  { run, namespace, start }: { run: string; namespace: string; start: StartWorkload },
): Promise<Nodes> {
  const names = ['a', 'b', 'c'].map((zone) => `orders-test-${run}-${zone}`);
  for (const [index, name] of names.entries()) await createNode(cluster, name, run, `zone-${'abc'[index]}`);

  const stopping = new AbortController();
  const reports = report(cluster, namespace, names, start, stopping.signal);
  const heartbeats = beat(cluster, names, stopping.signal);
  return {
    names,
    async stop() {
      stopping.abort();
      await Promise.all([reports, heartbeats]);
      for (const name of names) {
        await cluster.remove(`/api/v1/nodes/${name}`);
        await cluster.remove(`/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`);
      }
    },
  };
}

async function createNode(cluster: Cluster, name: string, run: string, zone: string): Promise<void> {
  const amounts = { cpu: '64', memory: '64Gi', pods: '110', 'ephemeral-storage': '100Gi' };
  await cluster.request('POST', '/api/v1/nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        [nodeLabel]: run,
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'topology.kubernetes.io/zone': zone,
      },
    },
    spec: { taints: [{ key: nodeLabel, value: run, effect: 'NoSchedule' }] },
  });
  const status = { capacity: amounts, allocatable: amounts, conditions: [condition('Ready', true)] };
  await patchStatus(cluster, `/api/v1/nodes/${name}`, status);
}

/** The controllers take a node for lost that has not renewed its lease for 40 seconds. */
async function beat(cluster: Cluster, names: readonly string[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const name of names) {
      await cluster.apply(
        {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { name },
          spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTime() },
        },
        'kube-node-lease',
      );
    }
    await delay(5000, undefined, { signal }).catch(() => {});
  }
}

interface Seen {
  workload: Workload;
  ip: string;
  /** As last reported. */
  ready: boolean;
  ended: boolean;
  terminating: boolean;
}

async function report(
  cluster: Cluster,
  namespace: string,
  names: readonly string[],
  start: StartWorkload,
  signal: AbortSignal,
): Promise<void> {
  const seen = new Map<string, Seen>();
  while (!signal.aborted) {
    const pods = await cluster.list(`/api/v1/namespaces/${namespace}/pods`);
    for (const pod of pods.filter(({ spec }) => names.includes((spec as { nodeName: string }).nodeName))) {
      const uid = pod.metadata.uid ?? '';
      const path = `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}`;
      const known = seen.get(uid);
      try {
        if (known) {
          await look(cluster, path, pod, known);
        } else {
          const ip = `10.250.0.${1 + seen.size}`;
          const workload = await start(pod, ip);
          seen.set(uid, { workload, ip, ready: false, ended: false, terminating: false });
          await patchStatus(cluster, path, running(pod, ip, false));
        }
      } catch (error) {
        // Deleted between the list and the report.
        if (!(error instanceof ApiError && (error.status === 404 || error.status === 409))) throw error;
      }
    }
    await delay(100, undefined, { signal }).catch(() => {});
  }
}

/** One look at a pod that runs. */
async function look(cluster: Cluster, path: string, pod: KubeObject, known: Seen): Promise<void> {
  const { workload, ip } = known;
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (!known.terminating) workload.terminate((pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000);
    known.terminating = true;
    if (workload.gone) {
      await cluster.request('DELETE', path, {
        gracePeriodSeconds: 0,
        preconditions: { uid: pod.metadata.uid },
      });
    }
  } else if (workload.exitCode !== undefined && !known.ended) {
    known.ended = true;
    await patchStatus(cluster, path, ended(pod, workload.exitCode));
  } else if (workload.ready !== known.ready && !known.ended) {
    known.ready = workload.ready;
    await patchStatus(cluster, path, running(pod, ip, known.ready));
  }
}

const containersOf = (pod: KubeObject) =>
  (pod['spec'] as { containers: { name: string; image: string }[] }).containers;

function running(pod: KubeObject, ip: string, ready: boolean) {
  return {
    phase: 'Running',
    podIP: ip,
    podIPs: [{ ip }],
    startTime: new Date().toISOString().replace(/\.\d+/, ''),
    conditions: ['Initialized', 'PodReadyToStartContainers']
      .map((type) => condition(type, true))
      .concat(['Ready', 'ContainersReady'].map((type) => condition(type, ready))),
    containerStatuses: containersOf(pod).map(({ name, image }) => ({
      name,
      image,
      imageID: image,
      ready,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: new Date().toISOString().replace(/\.\d+/, '') } },
    })),
  };
}

function ended(pod: KubeObject, exitCode: number) {
  const at = new Date().toISOString().replace(/\.\d+/, '');
  return {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    conditions: ['Ready', 'ContainersReady'].map((type) => condition(type, false)),
    containerStatuses: containersOf(pod).map(({ name, image }) => ({
      name,
      image,
      imageID: image,
      ready: false,
      restartCount: 0,
      state: {
        terminated: {
          exitCode,
          reason: exitCode === 0 ? 'Completed' : 'Error',
          startedAt: at,
          finishedAt: at,
        },
      },
    })),
  };
}

function condition(type: string, holds: boolean) {
  return {
    type,
    status: holds ? 'True' : 'False',
    lastTransitionTime: new Date().toISOString().replace(/\.\d+/, ''),
  };
}

const microTime = () => new Date().toISOString().replace('Z', '000Z');

async function patchStatus(cluster: Cluster, path: string, status: object): Promise<void> {
  await cluster.request('PATCH', `${path}/status`, { status }, 'application/strategic-merge-patch+json');
}
