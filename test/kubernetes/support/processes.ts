import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { compileCache } from '../../../lab/harness/service-process.ts';
import type { Cluster, KubeObject } from './cluster.ts';
import { root } from './helm.ts';
import type { Workload } from './workload.ts';

/**
 * Pods as processes of this machine, with the variables, the probes and the grace period of their specification. They are no
 * containers: they share the network, so each listens on a loopback address of its own in place of all addresses.
 */

/** Where a pod with this address really listens. */
export const loopbackOf = (ip: string): string => ip.replace(/^10\.250\.0\./, '127.0.3.');

/** How processes ended that were told to. */
export const endings: { name: string; code: number | null; signal: NodeJS.Signals | null }[] = [];

interface Spec {
  nodeName: string;
  containers: {
    command?: string[];
    env?: { name: string; value?: string; valueFrom?: Source }[];
    envFrom?: { configMapRef: { name: string } }[];
    ports?: { name: string; containerPort: number }[];
    startupProbe?: Probe;
    readinessProbe?: Probe;
    lifecycle?: { preStop?: { sleep?: { seconds: number } } };
  }[];
}

interface Source {
  secretKeyRef?: { name: string; key: string; optional?: boolean };
  fieldRef?: { fieldPath: string };
}

interface Probe {
  httpGet: { path: string; port: string };
  periodSeconds: number;
  timeoutSeconds: number;
  failureThreshold: number;
}

export async function startProcess(
  cluster: Cluster,
  namespace: string,
  pod: KubeObject,
  ip: string,
): Promise<Workload> {
  const [container] = (pod['spec'] as Spec).containers;
  if (!container) throw new Error('a pod without a container');
  const address = loopbackOf(ip);
  const variables = await variablesOf(cluster, namespace, pod);
  const env = { ...compileCache, ...variables, HOST: address, ADMIN_HOST: address };
  // Of the image.
  const [, ...args] = container.command ?? ['node', '--import', './src/telemetry/sdk.ts', 'src/main.ts'];
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const done = new AbortController();
  let exitCode: number | undefined;
  let ready = false;
  let told = false;
  void once(child, 'exit').then(([code, signal]) => {
    done.abort();
    exitCode = (code as number | null) ?? 137;
    if (told)
      endings.push({
        name: pod.metadata.name,
        code: code as number | null,
        signal: signal as NodeJS.Signals | null,
      });
  });

  const urlOf = ({ httpGet }: Probe) => {
    const port = container.ports?.find(({ name }) => name === httpGet.port)?.containerPort;
    return `http://${address}:${port}${httpGet.path}`;
  };
  const { startupProbe, readinessProbe } = container;
  if (startupProbe && readinessProbe) {
    const probing = async () => {
      while (!done.signal.aborted && !(await answers(urlOf(startupProbe), startupProbe))) {
        await delay(startupProbe.periodSeconds * 1000, undefined, { signal: done.signal }).catch(() => {});
      }
      let failures = 0;
      while (!done.signal.aborted) {
        failures = (await answers(urlOf(readinessProbe), readinessProbe)) ? 0 : failures + 1;
        if (failures === 0) ready = true;
        else if (failures >= readinessProbe.failureThreshold) ready = false;
        await delay(readinessProbe.periodSeconds * 1000, undefined, { signal: done.signal }).catch(() => {});
      }
    };
    void probing();
  }
  return {
    get ready() {
      return ready && exitCode === undefined;
    },
    get exitCode() {
      return exitCode;
    },
    get gone() {
      return exitCode !== undefined;
    },
    terminate(graceMs) {
      told = true;
      const preStop = (container.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1000;
      setTimeout(() => child.kill('SIGTERM'), preStop);
      setTimeout(() => child.kill('SIGKILL'), graceMs).unref();
    },
  };
}

async function answers(url: string, { timeoutSeconds }: Probe): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutSeconds * 1000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** As a kubelet makes them: those of ConfigMaps first, then in order, each with `$(NAME)` of those before it. */
async function variablesOf(
  cluster: Cluster,
  namespace: string,
  pod: KubeObject,
): Promise<Record<string, string>> {
  const [container] = (pod['spec'] as Spec).containers;
  const of = `/api/v1/namespaces/${namespace}`;
  const variables: Record<string, string> = {};
  for (const { configMapRef } of container?.envFrom ?? []) {
    Object.assign(variables, (await cluster.get(`${of}/configmaps/${configMapRef.name}`))['data']);
  }
  for (const { name, value, valueFrom } of container?.env ?? []) {
    const { secretKeyRef, fieldRef } = valueFrom ?? {};
    const found = secretKeyRef
      ? await secretOf(cluster, `${of}/secrets/${secretKeyRef.name}`, secretKeyRef.key)
      : fieldRef
        ? fieldOf(pod, fieldRef.fieldPath)
        : (value ?? '').replaceAll(/\$\((\w+)\)/g, (whole, other: string) => variables[other] ?? whole);
    if (found !== undefined) variables[name] = found;
    else if (secretKeyRef?.optional !== true) throw new Error(`no ${name} in the Secret`);
  }
  return variables;
}

async function secretOf(cluster: Cluster, path: string, key: string): Promise<string | undefined> {
  const data = (await cluster.get(path))['data'] as Record<string, string> | undefined;
  const encoded = data?.[key];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString();
}

function fieldOf({ metadata, spec }: KubeObject, path: string): string {
  const fields: Record<string, string | undefined> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'spec.nodeName': (spec as Spec).nodeName,
  };
  const found = fields[path];
  if (found === undefined) throw new Error(`${path} is not known here`);
  return found;
}
