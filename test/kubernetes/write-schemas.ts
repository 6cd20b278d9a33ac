import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { connect } from './support/cluster.ts';
import { addOperatorTypes, removeTypes } from './support/crds.ts';
import { objectsIn, render, root, variations } from './support/helm.ts';
import { schemasOf } from './support/openapi-schemas.ts';
import { schemaFolder } from './support/kubeconform.ts';
import { runCommand } from '../../lab/harness/command-line.ts';
import { refuseArguments } from '../../src/arguments.ts';

/** `npm run chart:schemas`: writes the schemas of what the chart renders, as the cluster of KUBECONFIG publishes them. */

refuseArguments();
await runCommand(async () => {
  const demo = await readFile(path.join(root, 'deploy/kind/dependencies.yaml'), 'utf8');
  const rendered = await Promise.all(variations.map(([, options]) => render(options)));
  const types = new Set(
    [...rendered.flat(), ...objectsIn(demo)].map(({ apiVersion, kind }) => `${apiVersion}/${kind}`),
  );
  const cluster = await connect();
  const added = await addOperatorTypes(cluster);
  try {
    const files = await schemasOf(cluster, types);
    await rm(schemaFolder, { recursive: true, force: true });
    await mkdir(schemaFolder, { recursive: true });
    for (const [name, text] of files) await writeFile(path.join(schemaFolder, name), text);
  } finally {
    await removeTypes(cluster, added);
    await cluster.close();
  }
});
