import { eventually, type Cluster } from './cluster.ts';

/**
 * JSON Schemas of types as an API server publishes them, for kubeconform. A property that the API server does not know is an
 * error, as with its own strict validation. What rules of the server check beyond the types is not in them.
 *
 * @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
 */

type Schema = Readonly<Record<string, unknown>>;

const prefix = '#/components/schemas/';

/** @param types `apiVersion/kind` @returns the text of each schema by the name that kubeconform looks for */
export async function schemasOf(cluster: Cluster, types: Iterable<string>): Promise<Map<string, string>> {
  const read = async () =>
    (await cluster.get('/openapi/v3')) as unknown as { paths: Record<string, { serverRelativeURL: string }> };
  const pathOf = (apiVersion: string) =>
    apiVersion.includes('/') ? `apis/${apiVersion}` : `api/${apiVersion}`;
  const wanted = [...types].toSorted();
  let index = await read();
  // A type that has just been added is published some seconds later.
  await eventually(async () => {
    index = await read();
    return wanted.every((type) => index.paths[pathOf(type.slice(0, type.lastIndexOf('/')))] !== undefined);
  });
  const files = new Map<string, string>();
  for (const type of wanted) {
    const [, apiVersion = '', group = '', version = '', kind = ''] =
      /^((?:(.+)\/)?(v[^/]+))\/(\w+)$/.exec(type) ?? [];
    const at = index.paths[pathOf(apiVersion)];
    if (at === undefined) throw new Error(`The cluster does not know ${apiVersion}.`);
    const document = (await cluster.get(at.serverRelativeURL)) as unknown as {
      components: { schemas: Record<string, Schema> };
    };
    const { schemas } = document.components;
    const root = Object.entries(schemas).find(([, schema]) => isOf(schema, { group, version, kind }))?.[0];
    if (root === undefined) throw new Error(`The cluster does not know ${type}.`);
    // Its own template: the first label of the group.
    const suffix = [...(group === '' ? [] : [group.split('.')[0]]), version].join('-');
    files.set(`${kind.toLowerCase()}-${suffix}.json`, `${JSON.stringify(standalone(root, schemas))}\n`);
  }
  return files;
}

function isOf(schema: Schema, wanted: { group: string; version: string; kind: string }): boolean {
  const all = (schema['x-kubernetes-group-version-kind'] ?? []) as (typeof wanted)[];
  return all.some(
    ({ group, version, kind }) =>
      group === wanted.group && version === wanted.version && kind === wanted.kind,
  );
}

/** The schema with all that it refers to. */
function standalone(root: string, schemas: Readonly<Record<string, Schema>>): Schema {
  const definitions: Record<string, Schema> = {};
  const add = (name: string) => {
    if (name in definitions) return;
    definitions[name] = {};
    definitions[name] = strict(schemas[name] ?? {}, add);
  };
  add(root);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $ref: `#/definitions/${root}`,
    definitions: Object.fromEntries(Object.entries(definitions).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Without texts and defaults, and closed where the API server knows every property. */
function strict(schema: Schema, refer: (name: string) => void): Schema {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    switch (key) {
      case '$ref': {
        const name = String(value).slice(prefix.length);
        refer(name);
        result[key] = `#/definitions/${name}`;
        break;
      }
      case 'properties':
        result[key] = Object.fromEntries(
          Object.entries(value as Record<string, Schema>).map(([name, each]) => [name, strict(each, refer)]),
        );
        break;
      case 'items':
      case 'additionalProperties':
      case 'not':
        result[key] = typeof value === 'object' ? strict(value as Schema, refer) : value;
        break;
      case 'allOf':
      case 'anyOf':
      case 'oneOf':
        result[key] = (value as Schema[]).map((each) => strict(each, refer));
        break;
      default:
        if (!/^(?:description|default|example|nullable|format|x-.+)$/.test(key)) result[key] = value;
    }
  }
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true || 'additionalProperties' in schema;
  return 'properties' in schema && !isOpen ? { ...result, additionalProperties: false } : result;
}
