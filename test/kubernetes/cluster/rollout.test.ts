import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiError, type KubeObject } from '../support/cluster.ts';
import type { PodTemplate } from '../support/helm.ts';
import { violations } from '../support/policies.ts';
import { createRelease, isReady, rolledOut, type Release } from '../support/release.ts';
import { servicePorts } from '../support/service-defaults.ts';

/** The chart installed on a cluster: what the API server stored, and what the controllers did. In this order. */

const threeReplicas = ['autoscaling.enabled=false', 'replicas=3'];
let release: Release;

beforeAll(async () => {
  release = await createRelease();
});

afterAll(async () => {
  await release?.remove();
});

test('an installation migrates before the first replica starts', async () => {
  await release.upgrade(...threeReplicas);
  await rolledOut(release, 3);
  expect(release.came.map(({ component }) => component)).toEqual(['migrations', 'api', 'api', 'api']);
});

test('the pods that the cluster stored have limits, no root, no token and no capability', async () => {
  const pods = await release.replicas();
  expect(pods.flatMap((pod) => violations(pod.metadata.name, pod as unknown as PodTemplate))).toEqual([]);
  // What a token would be mounted as.
  expect(JSON.stringify(pods)).not.toContain('serviceAccountToken');
  expect(pods.map(({ spec }) => (spec as PodTemplate['spec']).terminationGracePeriodSeconds)).toEqual([
    20, 20, 20,
  ]);
});

test('the Services lead to the ports of every replica', async () => {
  for (const [service, port, name] of [
    ['orders', servicePorts.http, 'http'],
    ['orders-admin', servicePorts.admin, 'admin'],
  ] as const) {
    const path = `/apis/discovery.k8s.io/v1/namespaces/${release.namespace}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D${service}`;
    await expect
      .poll(async () => {
        const slices = (await release.cluster.list(path)) as unknown as Slice[];
        return slices.map(({ ports, endpoints }) => ({
          ports: ports.map((each) => ({ name: each.name, port: each.port })),
          ready: endpoints.filter(({ conditions }) => conditions.ready).length,
        }));
      })
      .toEqual([{ ports: [{ name, port }], ready: 3 }]);
  }
});

test('the replicas are in different zones', async () => {
  expect(await zones()).toEqual(['zone-a', 'zone-b', 'zone-c']);
});

test('a rolling update never has fewer ready replicas than before', async () => {
  release.behaviours['api'] = { readyAfter: 2000, endsAfter: 1000 };
  const before = new Set(names(await release.replicas()));
  const watched = watch();
  await release.upgrade(...threeReplicas, 'config.LOG_LEVEL=warn');
  await rolledOut(release, 3);
  const { fewest, most } = await watched.stop();
  expect(fewest).toBe(3);
  expect(most).toBeLessThanOrEqual(4);
  expect(names(await release.replicas()).filter((name) => before.has(name))).toEqual([]);
  // Counted per revision: the old replicas do not push the new ones together.
  expect(await zones()).toEqual(['zone-a', 'zone-b', 'zone-c']);
});

test('a drain takes the second replica only when the first has a substitute', async () => {
  release.behaviours['api'] = { readyAfter: 4000, endsAfter: 500 };
  const [first, second] = await release.replicas();
  await evict(first);
  await expect(evict(second)).rejects.toThrow(/disruption budget/);
  // As `kubectl drain` does, which asks again.
  await expect.poll(() => evict(second).then(() => 'evicted', refusal)).toBe('evicted');
  const others = (await release.replicas()).filter(isReady);
  expect(others.length).toBeGreaterThanOrEqual(2);
  await rolledOut(release, 3);
});

test('a migration that fails stops the rollout before the first new pod, and the old ones stay', async () => {
  release.behaviours['migrations'] = { readyAfter: 0, exitCode: 1, endsAfter: 0 };
  const before = await release.deployment();
  const pods = names(await release.replicas());
  await expect(release.upgrade(...threeReplicas, 'image.tag=0.2.0', 'migrations.retries=0')).rejects.toThrow(
    /hook/,
  );
  const after = await release.deployment();
  expect(after['metadata']['generation' as never]).toBe(before['metadata']['generation' as never]);
  expect(names((await release.replicas()).filter(isReady))).toEqual(pods);
  // Its pod is still there, with the log.
  const job = await release.cluster.get(`/apis/batch/v1/namespaces/${release.namespace}/jobs/orders-migrate`);
  expect(job['status']).toMatchObject({ failed: 1 });
});

test('a revision that never becomes ready does not replace the old one, and is rolled back', async () => {
  release.behaviours['migrations'] = { readyAfter: 0, exitCode: 0, endsAfter: 0 };
  release.behaviours['api'] = { readyAfter: 'never', endsAfter: 500 };
  const before = names(await release.replicas());
  const watched = watch();
  await release.upgrade(...threeReplicas, 'image.tag=0.3.0');
  await expect.poll(async () => (await release.replicas()).length).toBe(4);
  release.behaviours['api'] = { readyAfter: 500, endsAfter: 500 };
  await release.rollback();
  await rolledOut(release, 3);
  const { fewest } = await watched.stop();
  expect(fewest).toBe(3);
  expect(names(await release.replicas())).toEqual(before);
});

test('a claim for evidence that is missing is named before anything changes', async () => {
  const { generation } = (await release.deployment()).metadata as { generation?: number };
  await expect(
    release.upgrade(...threeReplicas, 'evidence.enabled=true', 'evidence.existingClaim=captures'),
  ).rejects.toThrow('has no PersistentVolumeClaim captures');
  expect((await release.deployment()).metadata).toMatchObject({ generation });
});

test('a Secret that is missing, or lacks a key, is named before anything changes', async () => {
  const secret = `/api/v1/namespaces/${release.namespace}/secrets/orders`;
  const { generation } = (await release.deployment()).metadata as { generation?: number };
  await release.cluster.request(
    'PATCH',
    secret,
    { data: { API_KEYS: null } },
    'application/merge-patch+json',
  );
  await expect(release.upgrade(...threeReplicas)).rejects.toThrow('The Secret orders has no key API_KEYS');
  await release.cluster.remove(secret);
  await expect(release.upgrade(...threeReplicas)).rejects.toThrow('has no Secret orders');
  expect((await release.deployment()).metadata).toMatchObject({ generation });
});

const names = (pods: readonly KubeObject[]) => pods.map(({ metadata }) => metadata.name).toSorted();

async function zones(): Promise<string[]> {
  const pods = await release.replicas();
  return pods.map(({ spec }) => `zone-${(spec as { nodeName: string }).nodeName.at(-1)}`).toSorted();
}

async function evict(pod: KubeObject | undefined): Promise<void> {
  const { name } = pod?.metadata ?? {};
  const path = `/api/v1/namespaces/${release.namespace}/pods/${name}/eviction`;
  await release.cluster.request('POST', path, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name },
  });
}

const refusal = (error: unknown) => (error instanceof ApiError && error.status === 429 ? 'refused' : error);

/** Counts the ready and all replicas until it is stopped. */
function watch() {
  const stopped = new AbortController();
  const counts = { fewest: Infinity, most: 0 };
  const done = (async () => {
    while (!stopped.signal.aborted) {
      const pods = await release.replicas();
      counts.fewest = Math.min(counts.fewest, pods.filter(isReady).length);
      counts.most = Math.max(counts.most, pods.length);
    }
    return counts;
  })();
  return {
    stop: () => {
      stopped.abort();
      return done;
    },
  };
}

interface Slice {
  ports: { name: string; port: number }[];
  endpoints: { conditions: { ready: boolean } }[];
}
