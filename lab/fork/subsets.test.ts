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

test('whatever parts are left out, what each loses is still there to lose, and no import leads nowhere', async () => {
  expect(danglingIn(new Map([['src/a.ts', "import { b } from './b.ts';"]]))).toEqual(['src/a.ts: src/b.ts']);
  await fc.assert(
    fc.asyncProperty(fc.subarray(Object.keys(parts)), async (without) => {
      const files = await forkFiles({ names, without, license: 'UNLICENSED', holder: '' });
      expect(danglingIn(files)).toEqual([]);
    }),
    { numRuns: 12 },
  );
});
