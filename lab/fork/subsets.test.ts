import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forkFiles } from './fork.ts';
import { forkNames } from './names.ts';
import { parts } from './parts.ts';

const names = forkNames({ name: 'front-desk', resource: 'parcel' });

/** Imports of files that a fork does not have. */
function danglingIn(files: ReadonlyMap<string, string>): string[] {
  return [...files]
    .filter(([file]) => /\.(?:ts|mjs)$/.test(file))
    .flatMap(([file, text]) =>
      // An import in a string is an example of a test.
      [...text.matchAll(/^(?:import|export|\}).*? from '(\.{1,2}\/[^']+\.ts)'/gm)]
        .map(([, target = '']) => path.join(path.dirname(file), target))
        .filter((target) => !files.has(target))
        .map((target) => `${file}: ${target}`),
    );
}

/** Folders with a Dockerfile from which a file of the fork builds an image, and that have none. */
function unbuildableIn(files: ReadonlyMap<string, string>): string[] {
  return [...files]
    .filter(([file]) => /\.(?:ya?ml|md)$/.test(file))
    .flatMap(([file, text]) =>
      [...text.matchAll(/^ *build: (\S+)$|\bdocker build -t \S+ (\S+)/gm)]
        .map(([, composed, built]) => path.join(composed ?? built ?? '', 'Dockerfile'))
        .filter((dockerfile) => !files.has(dockerfile))
        .map((dockerfile) => `${file}: ${dockerfile}`),
    );
}

test('a fork without a Dockerfile has nothing that builds an image from it', async () => {
  const without = (...left: string[]) =>
    forkFiles({ names, without: left, license: 'UNLICENSED', holder: '' });
  expect(unbuildableIn(new Map([['compose.yml', '  build: .\n']]))).toEqual(['compose.yml: Dockerfile']);
  expect(unbuildableIn(await without('image'))).toEqual([]);
  expect((await without('ci')).get('docker-compose.yml')).toContain('build: .');
});

test('whatever parts are left out, what each loses is still there to lose, and no import leads nowhere', async () => {
  expect(danglingIn(new Map([['src/a.ts', "import { b } from './b.ts';"]]))).toEqual(['src/a.ts: src/b.ts']);
  await fc.assert(
    fc.asyncProperty(fc.subarray(Object.keys(parts)), async (without) => {
      const files = await forkFiles({ names, without, license: 'UNLICENSED', holder: '' });
      expect([...danglingIn(files), ...unbuildableIn(files)]).toEqual([]);
    }),
    { numRuns: 12 },
  );
});
