import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Cluster, type KubeObject } from '../support/cluster.ts';
import { addOperatorTypes, removeTypes } from '../support/crds.ts';
import { objectsIn, render, required, root, variations } from '../support/helm.ts';

/** Every manifest goes to the API server, which checks it as if it stored it, and refuses a field that it does not know. */

let cluster: Cluster;
let added: string[] = [];

beforeAll(async () => {
  cluster = await connect();
  added = await addOperatorTypes(cluster);
});

afterAll(async () => {
  await removeTypes(cluster, added);
  await cluster.close();
});

async function accepted(objects: readonly KubeObject[]): Promise<number> {
  for (const object of objects) {
    const of = { ...object, metadata: { ...object.metadata, namespace: 'default' } };
    const stored = await cluster.apply(of, 'default', { dryRun: true });
    expect(stored.metadata.uid, `${object.kind} ${object.metadata.name}`).toBeTypeOf('string');
  }
  return objects.length;
}

test.each(variations)('the API server accepts every manifest of the values %s', async (_name, options) => {
  expect(await accepted(await render(options))).toBeGreaterThan(8);
});

test('the API server accepts the demonstration of deploy/kind', async () => {
  const text = await readFile(path.join(root, 'deploy/kind/dependencies.yaml'), 'utf8');
  expect(await accepted(objectsIn(text))).toBe(4);
});

test('the API server refuses a field that does not exist', async () => {
  const account = (await render(required)).find(({ kind }) => kind === 'ServiceAccount');
  await expect(
    accepted([{ ...(account as KubeObject), automountServiceAccountTokn: false }]),
  ).rejects.toThrow('automountServiceAccountTokn');
});
