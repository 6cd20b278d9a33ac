import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { withTable } from '../scripts/config-table.ts';

test('the configuration table in the README is what `npm run docs` writes', async () => {
  const readme = await readFile('README.md', 'utf8');
  expect(withTable(readme)).toBe(readme);
});

test('every npm script that the README names exists', async () => {
  const readme = await readFile('README.md', 'utf8');
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...readme.matchAll(/npm (?:run )?((?:[a-z]+:)?[a-z]+)/g)].map(([, name = '']) => name);
  const ofNpm = new Set(['ci', 'run', 'and', 'packages', 'prints', 'itself', 'scripts']);
  const missing = named.filter((name) => !ofNpm.has(name) && !(name in scripts));
  expect(missing).toEqual([]);
});
