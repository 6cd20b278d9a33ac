import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from './cluster.ts';

const run = promisify(execFile);
export const root = path.resolve(import.meta.dirname, '../../..');
const chart = path.join(root, 'deploy/chart');

/** The least that the chart needs to be told. */
export const required = ['--set', 'paymentGateway.url=http://gateway.example.com'];

/** The default values, and every documented variation. */
export const variations: readonly (readonly [name: string, options: readonly string[]])[] = [
  ['default', required],
  ...globSync('deploy/values/*.yaml', { cwd: root }).map(
    (file) => [path.basename(file, '.yaml'), ['--values', path.join(root, file)]] as const,
  ),
];

/** @throws an error with what Helm says */
export async function helm(...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run('helm', args, { maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { stderr, code } = error as { stderr?: string; code?: unknown };
    if (code === 'ENOENT')
      throw new Error('helm is not installed: https://helm.sh/docs/intro/install', { cause: error });
    throw new Error(stderr || String(error), { cause: error });
  }
}

export const render = async (options: readonly string[], release = 'orders') =>
  objectsIn(await helm('template', release, chart, '--namespace', 'shop', ...options));

export const install = (namespace: string, options: readonly string[]) =>
  helm('upgrade', '--install', 'orders', chart, '--namespace', namespace, '--timeout', '2m', ...options);

export function objectsIn(text: string): KubeObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
}

/** The templates of pods, by the objects that make pods of them. */
export function podsOf(objects: readonly KubeObject[]): [string, PodTemplate][] {
  return objects.flatMap((object) => {
    const template = (object['spec'] as { template?: PodTemplate } | undefined)?.template;
    return template?.spec?.containers ? [[`${object.kind} ${object.metadata.name}`, template]] : [];
  });
}

export interface PodTemplate {
  metadata: { labels: Record<string, string> };
  spec: {
    containers: Container[];
    initContainers?: Container[];
    automountServiceAccountToken?: boolean;
    enableServiceLinks?: boolean;
    terminationGracePeriodSeconds: number;
    securityContext?: { runAsNonRoot?: boolean; runAsUser?: number; seccompProfile?: { type: string } };
    volumes?: { name: string; hostPath?: unknown }[];
    hostNetwork?: boolean;
  };
}

export interface Container {
  name: string;
  image: string;
  command?: string[];
  env?: { name: string; value?: string }[];
  ports?: { name: string; containerPort: number }[];
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  securityContext?: {
    allowPrivilegeEscalation?: boolean;
    readOnlyRootFilesystem?: boolean;
    privileged?: boolean;
    capabilities?: { drop?: string[]; add?: string[] };
  };
  lifecycle?: { preStop?: { sleep?: { seconds: number } } };
}
