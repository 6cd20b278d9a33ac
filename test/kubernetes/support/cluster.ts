import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

/** The cluster of KUBECONFIG, through `kubectl proxy`, which knows every way to log in. */

/** What every object of Kubernetes has. The rest is read where it is asserted on. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
    deletionGracePeriodSeconds?: number;
    creationTimestamp?: string;
    ownerReferences?: { kind: string; name: string }[];
  };
  // oxlint-disable-next-line typescript/no-explicit-any -- the API server has the types, and checks them
  [key: string]: any;
}

/** Waits for what the cluster does by itself. For a minute, outside of a test too. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('It did not happen within a minute.');
    await delay(200);
  }
}

/** An answer that is not 2xx. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface Cluster {
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<KubeObject>;
  get(path: string): Promise<KubeObject>;
  list(path: string): Promise<KubeObject[]>;
  /** Server-side apply with strict validation: a field that does not exist is an error. */
  apply(object: KubeObject, namespace: string, options?: { dryRun: boolean }): Promise<KubeObject>;
  /** Does not mind that the object is gone. */
  remove(path: string): Promise<void>;
  close(): Promise<void>;
}

export async function connect(): Promise<Cluster> {
  const proxy = spawn('kubectl', ['proxy', '--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(proxy, 'spawn').catch((cause: unknown) => {
    throw new Error(`kubectl does not run: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  });
  const [line] = (await once(createInterface({ input: proxy.stdout }), 'line')) as [string];
  const port = /:(\d+)$/.exec(line.trim())?.[1];
  if (port === undefined) throw new Error(`kubectl proxy: ${line}`);
  const base = `http://127.0.0.1:${port}`;
  let resources: Map<string, Resource> | undefined;

  async function request(method: string, path: string, body?: unknown, contentType = 'application/json') {
    const answer = await fetch(base + path, {
      method,
      ...(body !== undefined && { headers: { 'content-type': contentType }, body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new ApiError(answer.status, `${method} ${path}: ${messageOf(text)}`);
    return JSON.parse(text) as KubeObject;
  }

  async function list(path: string) {
    const answer = await request('GET', path);
    return answer['items'] as KubeObject[];
  }

  async function apply(object: KubeObject, namespace: string, { dryRun } = { dryRun: false }) {
    const key = `${object.apiVersion}/${object.kind}`;
    // Again for a type that was added since.
    if (!resources?.has(key)) resources = await resourcesOf(request);
    const resource = resources.get(key);
    if (!resource) throw new Error(`The cluster does not know ${key}.`);
    const where = resource.namespaced ? `/namespaces/${object.metadata.namespace ?? namespace}` : '';
    const query = `fieldManager=test-kubernetes&force=true&fieldValidation=Strict${dryRun ? '&dryRun=All' : ''}`;
    const path = `${resource.group}${where}/${resource.name}/${object.metadata.name}?${query}`;
    return request('PATCH', path, object, 'application/apply-patch+yaml');
  }

  return {
    request,
    get: (path) => request('GET', path),
    list,
    apply,
    async remove(path) {
      await request('DELETE', path, { propagationPolicy: 'Background' }).catch((error: unknown) => {
        if (!(error instanceof ApiError && error.status === 404)) throw error;
      });
    },
    async close() {
      proxy.kill();
      await once(proxy, 'exit');
    },
  };
}

interface Resource {
  /** The path of its group and version. */
  group: string;
  name: string;
  namespaced: boolean;
}

/** Where the cluster keeps objects, by `apiVersion/kind`. */
async function resourcesOf(request: Cluster['request']): Promise<Map<string, Resource>> {
  const groups = await request('GET', '/apis');
  const versions = (groups['groups'] as { versions: { groupVersion: string }[] }[]).flatMap(
    ({ versions: all }) => all.map(({ groupVersion }) => groupVersion),
  );
  const found = new Map<string, Resource>();
  for (const version of ['v1', ...versions]) {
    const group = version === 'v1' ? '/api/v1' : `/apis/${version}`;
    const { resources } = (await request('GET', group)) as unknown as {
      resources: { name: string; kind: string; namespaced: boolean }[];
    };
    for (const { name, kind, namespaced } of resources) {
      if (!name.includes('/')) found.set(`${version}/${kind}`, { group, name, namespaced });
    }
  }
  return found;
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}
