import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KubeObject } from '../support/cluster.ts';
import { addPodMetrics, removeTypes } from '../support/crds.ts';
import { createRelease, type Release } from '../support/release.ts';

/**
 * The HorizontalPodAutoscaler, with metrics that the test writes in place of a metrics server. The cluster must have none: kind
 * and kwok bring none, k3d takes `--k3s-arg --disable=metrics-server`.
 */

let release: Release;
let types: string[] = [];
/** Thousandths of a core that each replica uses. The request is a whole one. */
let used = 300;
let feeding: Promise<void>;
const done = new AbortController();

beforeAll(async () => {
  release = await createRelease();
  types = [await addPodMetrics(release.cluster)];
  await release.upgrade();
  feeding = feed();
});

afterAll(async () => {
  done.abort();
  await feeding;
  await removeTypes(release.cluster, types);
  await release.remove();
});

test('the autoscaler finds the Deployment and its metrics, and keeps the least number of replicas', async () => {
  await expect
    .poll(async () => {
      const { status } = await autoscaler();
      const { conditions = [], currentMetrics } = status as Status;
      return {
        conditions: Object.fromEntries(conditions.map(({ type, status: holds }) => [type, holds])),
        cpu: currentMetrics?.[0]?.resource?.current.averageUtilization,
        replicas: (await release.replicas()).length,
      };
    })
    .toMatchObject({ conditions: { AbleToScale: 'True', ScalingActive: 'True' }, cpu: 30, replicas: 3 });
});

test('load that exceeds the target doubles the replicas, up to the most', async () => {
  used = 900;
  await expect.poll(async () => (await release.replicas()).length).toBe(6);
  const { status } = await autoscaler();
  expect((status as Status).conditions?.find(({ type }) => type === 'ScalingLimited')).toBeDefined();
  expect((await release.deployment())['spec']).toMatchObject({ replicas: 6 });
});

test('an upgrade leaves the number of replicas to the autoscaler', async () => {
  await release.upgrade('config.LOG_LEVEL=warn');
  expect((await release.deployment())['spec']).toMatchObject({ replicas: 6 });
});

const autoscaler = (): Promise<KubeObject> =>
  release.cluster.get(`/apis/autoscaling/v2/namespaces/${release.namespace}/horizontalpodautoscalers/orders`);

/** Writes what each replica uses, again and again, because old metrics count for nothing. */
async function feed(): Promise<void> {
  while (!done.signal.aborted) {
    for (const { metadata } of await release.replicas()) {
      await release.cluster.apply(
        {
          apiVersion: 'metrics.k8s.io/v1beta1',
          kind: 'PodMetrics',
          metadata: { name: metadata.name, labels: metadata.labels ?? {} },
          timestamp: new Date().toISOString().replace(/\.\d+/, ''),
          window: '15s',
          containers: [{ name: 'orders', usage: { cpu: `${used}m`, memory: '256Mi' } }],
        },
        release.namespace,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

interface Status {
  conditions?: { type: string; status: string }[];
  currentMetrics?: { resource?: { current: { averageUtilization: number } } }[];
}
