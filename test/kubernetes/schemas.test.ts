import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { KubeObject } from './support/cluster.ts';
import { objectsIn, render, required, root, variations } from './support/helm.ts';
import { complaints } from './support/kubeconform.ts';

/** Every manifest against the schemas of a real API server, without one. */

test.each(variations)('kubeconform accepts every manifest of the values %s', async (_name, options) => {
  expect(await complaints(await render(options))).toBe('');
});

test('kubeconform accepts the demonstration of deploy/kind', async () => {
  const demo = await readFile(path.join(root, 'deploy/kind/dependencies.yaml'), 'utf8');
  expect(await complaints(objectsIn(demo))).toBe('');
});

test.each([
  ['a field that does not exist', { automountServiceAccountTokn: false }, 'automountServiceAccountTokn'],
  ['a field of another type', { automountServiceAccountToken: 'no' }, 'automountServiceAccountToken'],
])('kubeconform refuses %s', async (_what, change, named) => {
  const account = (await render(required)).find(({ kind }) => kind === 'ServiceAccount') as KubeObject;
  expect(await complaints([{ ...account, ...change }])).toContain(named);
});
