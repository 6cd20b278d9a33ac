import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const read = (file: string) => readFile(file, 'utf8');

test('the dev container has the Node of .nvmrc', async () => {
  const version = (await read('.nvmrc')).trim();
  expect(await read('.devcontainer/Dockerfile')).toMatch(new RegExp(`^FROM node:${version}-\\w+$`, 'm'));
});

test('the dev container has the programs that .ci/run installs', async () => {
  const installedByCi = [...(await read('.ci/run')).matchAll(/packages\+=\(([\w-]+)\)/g)].map(
    ([, name]) => name,
  );
  const dockerfile = await read('.devcontainer/Dockerfile');
  const inContainer = [...dockerfile.matchAll(/^ {4}([\w-]+) \\$/gm)].map(([, name]) => name);
  expect(installedByCi.length).toBeGreaterThan(0);
  expect(new Set(inContainer)).toEqual(new Set(installedByCi));
});
