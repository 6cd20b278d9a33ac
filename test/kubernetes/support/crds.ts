import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { eventually, type Cluster, type KubeObject } from './cluster.ts';

/** Types that a cluster gets from others: the Prometheus Operator's, and the metrics of pods. */

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const operator = 'github.com/prometheus-operator/prometheus-operator';

/** Puts the operator's types there, if the cluster does not have them. They come from its Go module. Returns what was added. */
export async function addOperatorTypes(cluster: Cluster): Promise<string[]> {
  const there = new Set((await cluster.list(definitions)).map(({ metadata }) => metadata.name));
  const missing = ['servicemonitors', 'podmonitors', 'prometheusrules', 'alertmanagerconfigs'].filter(
    (type) => !there.has(`${type}.monitoring.coreos.com`),
  );
  if (missing.length === 0) return [];
  const { Dir: folder } = JSON.parse(
    execFileSync('go', ['mod', 'download', '-json', `${operator}@v0.85.0`], { cwd: '/' }).toString(),
  ) as { Dir: string };
  const added: string[] = [];
  for (const type of missing) {
    const file = path.join(folder, `example/prometheus-operator-crd/monitoring.coreos.com_${type}.yaml`);
    added.push(await addType(cluster, parse(readFileSync(file, 'utf8')) as KubeObject));
  }
  return added;
}

/** As a metrics server would have it, with objects that the test writes. */
export async function addPodMetrics(cluster: Cluster): Promise<string> {
  return addType(cluster, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: 'pods.metrics.k8s.io',
      annotations: { 'api-approved.kubernetes.io': 'unapproved, for a test' },
    },
    spec: {
      group: 'metrics.k8s.io',
      scope: 'Namespaced',
      names: { plural: 'pods', singular: 'pod', kind: 'PodMetrics', listKind: 'PodMetricsList' },
      versions: [
        {
          name: 'v1beta1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  });
}

export async function removeTypes(cluster: Cluster, types: readonly string[]): Promise<void> {
  for (const name of types) await cluster.remove(`${definitions}/${name}`);
}

async function addType(cluster: Cluster, type: KubeObject): Promise<string> {
  const { name } = type.metadata;
  await cluster.request('POST', definitions, type);
  await eventually(async () => {
    const { status } = (await cluster.get(`${definitions}/${name}`)) as unknown as {
      status?: { conditions?: { type: string; status: string }[] | null };
    };
    return status?.conditions?.some((each) => each.type === 'Established' && each.status === 'True') ?? false;
  });
  return name;
}
